package synthetics

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// Limits of a baseline: what more a run has left is not compared.
const (
	maxShots      = 200
	maxShotBytes  = 16 << 20
	maxShotsBytes = 256 << 20
	maxReport     = 16 << 20
	maxFiles      = 10_000 // that are looked at: anybody may have put more there
)

// album is where screenshots of a run come from.
type album interface {
	names(ctx context.Context) ([]string, error) // of the screenshots, in order
	open(ctx context.Context, name string) (io.ReadCloser, error)
}

// fresh are the screenshots of a run that has just ended.
type fresh struct{ *canaryrun.Outcome }

func (f fresh) names(context.Context) ([]string, error) {
	var all []string
	for _, a := range f.Artifacts {
		all = append(all, a.Name)
	}
	return screenshots(f.Report, all), nil
}

func (f fresh) open(_ context.Context, name string) (io.ReadCloser, error) { return f.Open(name) }

// stored are the screenshots of a run as they are in S3, read as its role.
type stored struct {
	objects        s3.Client
	bucket, prefix string
}

func (a stored) names(ctx context.Context) ([]string, error) {
	var all []string
	in := &s3.ListObjectsV2Input{Bucket: a.bucket, Prefix: new(a.prefix + "/")}
	for {
		out, err := a.objects.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, o := range out.Contents {
			all = append(all, strings.TrimPrefix(*o.Key, a.prefix+"/"))
		}
		if out.NextContinuationToken == nil || len(all) >= maxFiles {
			break
		}
		in.ContinuationToken = out.NextContinuationToken
	}
	report, err := a.report(ctx, all)
	return screenshots(report, all), err
}

// report reads the run's report; nil when it left none that can be read.
func (a stored) report(ctx context.Context, all []string) (*canaryrun.Report, error) {
	at := slices.IndexFunc(all, func(name string) bool {
		return strings.HasPrefix(name, "SyntheticsReport-") && strings.HasSuffix(name, ".json")
	})
	if at < 0 {
		return nil, nil
	}
	body, err := a.open(ctx, all[at])
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var report canaryrun.Report
	if err := json.NewDecoder(io.LimitReader(body, maxReport)).Decode(&report); err != nil {
		return nil, nil //nolint:nilerr // anybody may have written there
	}
	return &report, nil
}

func (a stored) open(ctx context.Context, name string) (io.ReadCloser, error) {
	out, err := a.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: a.bucket, Key: a.prefix + "/" + name})
	if err != nil {
		return nil, err
	}
	if body, ok := out.Body.(io.ReadCloser); ok {
		return body, nil
	}
	return io.NopCloser(out.Body), nil
}

// screenshots are those that a run's report lists and that are among its files:
// not the pictures that a comparison has drawn. Without a report they are all
// pictures.
func screenshots(report *canaryrun.Report, files []string) (names []string) {
	if report == nil {
		for _, name := range files {
			if path.Ext(name) == ".png" {
				names = append(names, name)
			}
		}
		return names[:min(len(names), maxShots)]
	}
	taken := report.CustomerScript.NonStepScreenshots
	for _, step := range report.CustomerScript.Steps {
		taken = append(taken, step.Screenshots...)
	}
	left := make(map[string]bool, len(files)) // and not yet named
	for _, name := range files {
		left[name] = true
	}
	for _, s := range taken {
		if s.Error == "" && left[s.FileName] {
			names, left[s.FileName] = append(names, s.FileName), false
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxShots)]
}

// takeBaseline copies a run's screenshots into blob storage, those that v names
// or all, and completes v. As with code, a row is put first that removes the
// copy again unless the canary refers to it by then.
func (s *Service) takeBaseline(ctx context.Context, owner ref, from album, v *visual, runID string) error {
	names, err := from.names(ctx)
	if err != nil {
		return err
	}
	if v.Chosen {
		for _, shot := range v.Shots {
			if !slices.Contains(names, shot.Name) {
				return invalid("The base canary run has no screenshot %s", shot.Name)
			}
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !v.has(name) })
	} else {
		v.Shots = nil
		for _, name := range names {
			v.Shots = append(v.Shots, shot{Name: name})
		}
	}
	if len(names) == 0 {
		return invalid("The base canary run has no screenshots")
	}
	archive, err := pack(ctx, from, names)
	if err != nil {
		return err
	}
	defer archive.Close()
	v.Base, v.Key = runID, "synthetics/baseline/"+owner.ID+"/"+newID()+".zip"
	err = s.DB.Update(ctx, func(tx *store.Tx) error { return s.collectCode(tx, v.Key, owner, codeGrace) })
	if err != nil {
		return err
	}
	if _, err := s.Blob.Put(ctx, v.Key, archive); err != nil {
		return fmt.Errorf("keep baseline: %w", err)
	}
	return nil
}

// pack makes an archive of screenshots in a nameless temporary file.
func pack(ctx context.Context, from album, names []string) (_ *os.File, err error) {
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	w, total := zip.NewWriter(f), int64(0)
	for _, name := range names {
		n, err := packOne(ctx, from, name, w)
		if err != nil {
			return nil, err
		}
		if total += n; total > maxShotsBytes {
			return nil, invalid("The screenshots of the base canary run are larger than %d bytes", maxShotsBytes)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

func packOne(ctx context.Context, from album, name string, w *zip.Writer) (int64, error) {
	body, err := from.open(ctx, name)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store}) // PNG is compressed
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(entry, io.LimitReader(body, maxShotBytes+1))
	if err == nil && n > maxShotBytes {
		err = invalid("The screenshot %s is larger than %d bytes", name, maxShotBytes)
	}
	return n, err
}

// resolveVisuals looks up the runs that a configuration's references name, and
// copies their screenshots as the role that the configuration has.
func (s *Service) resolveVisuals(ctx context.Context, owner ref, work duty, c *config) error {
	for i := range c.Visual {
		v := &c.Visual[i]
		if v.Key != "" || v.Base == baseNext {
			continue
		}
		base, err := s.baseRun(ctx, owner, v)
		if err != nil {
			return err
		}
		as, err := s.actor(ctx, owner, work)
		if err != nil {
			return err
		}
		bucket, prefix, _ := strings.Cut(base.Location, "/")
		err = s.takeBaseline(ctx, owner, stored{s3.Client{Invoker: as.calls}, bucket, prefix}, v, base.ID)
		if answer := refusal(err); answer != nil && answer.Code != "ValidationException" {
			return invalid("The artifacts of canary run %s cannot be read: %s", base.ID, answer.Message)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// baseRun is the run that a reference names.
func (s *Service) baseRun(ctx context.Context, owner ref, v *visual) (base *run, err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		if v.Base == baseLast {
			runs, err := newestRuns(tx, owner.ID, runFilter{Browser: v.Browser}, runPosition{}, 2)
			for i := range runs {
				if base == nil && runs[i].State != runRunning {
					base = &runs[i]
				}
			}
			return err
		}
		r, err := getRun(tx, v.Base)
		if r != nil && r.CanaryID == owner.ID && r.State != runRunning && (r.Browser == "" || r.Browser == v.Browser) {
			base = r
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case base == nil && v.Base == baseLast:
		return nil, invalid("The canary has no completed run to use as BaseCanaryRunId lastrun")
	case base == nil:
		return nil, invalid("BaseCanaryRunId %s is not a completed run of the canary", v.Base)
	case time.Since(base.began()) > oldestBase:
		return nil, invalid("BaseCanaryRunId %s is older than 31 days", v.Base)
	case base.Location == "":
		return nil, invalid("Canary run %s left no artifacts", base.ID)
	}
	return base, nil
}

// captureVisual copies the screenshots of a run that a reference waited for; nil
// when none did, or the run left none worth comparing with.
func (s *Service) captureVisual(ctx context.Context, owner ref, c *config, r *run, o *canaryrun.Outcome) (*visual, error) {
	pending := c.pendingVisual(r.Browser)
	if pending == nil || r.State != runPassed {
		return nil, nil
	}
	got := &visual{Browser: pending.Browser}
	err := s.takeBaseline(ctx, owner, fresh{o}, got, r.ID)
	if refusal(err) != nil {
		s.Logger.Warn("a canary run cannot be a baseline", "canary", owner.Name, "run", r.ID, "error", err)
		return nil, nil //nolint:nilerr // the next one may
	}
	return got, err
}

// openBaseline opens what a run's screenshots are compared with; nil for
// nothing. done releases it.
func (s *Service) openBaseline(ctx context.Context, c *config, browser string) (_ *canaryrun.Visual, done func(), err error) {
	v := c.visual(browser)
	if v == nil || v.Key == "" || len(v.Shots) == 0 || !c.runtime().Visual() {
		return nil, func() {}, nil
	}
	album, err := s.fetchBlob(ctx, v.Key)
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = album.Close() }
	shots, err := zip.NewReader(album, album.size)
	if err != nil {
		done()
		return nil, nil, errors.New("the screenshots to compare with cannot be read")
	}
	out := &canaryrun.Visual{}
	for _, s := range v.Shots {
		b := canaryrun.Baseline{Name: s.Name, Open: func() (io.ReadCloser, error) { return shots.Open(s.Name) }}
		for _, text := range s.Ignore {
			if area, ok := areaOf(text); ok {
				b.Ignore = append(b.Ignore, area)
			}
		}
		out.Baselines = append(out.Baselines, b)
	}
	return out, done, nil
}
