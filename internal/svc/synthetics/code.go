package synthetics

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"nephele.dev/nephele/internal/api/s3"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxCode is the largest archive accepted, in bytes: Lambda's limit for a
// zipped deployment package.
const maxCode = 50 << 20

// codeGrace is how long an archive that nothing refers to is kept: longer than
// any request takes to commit and any run takes to read it.
const codeGrace = time.Hour

// code is the service's own copy of a canary's script. Archives are never
// changed: new code has a new key.
type code struct {
	Handler   string
	Key       string // in blob
	Blueprint string `json:",omitempty"` // of BlueprintTypes: checks that the server makes itself
}

// checkSource demands exactly one source: an inline archive or an S3 object.
func checkSource(in *api.CanaryCodeInput) error {
	inS3 := in.S3Bucket != nil || in.S3Key != nil || in.S3Version != nil
	switch {
	case inS3 && len(in.ZipFile) > 0:
		return invalid("Code must be specified either as ZipFile or as an S3 location, not both")
	case inS3 && (in.S3Bucket == nil || in.S3Key == nil):
		return invalid("S3Bucket and S3Key are both required")
	case !inS3 && len(in.ZipFile) == 0:
		return invalid("Code must be specified as ZipFile or as an S3 location")
	}
	return nil
}

// takeCode copies the request's archive into blob storage, under key. It first puts a
// work row that removes the copy again unless a canary refers to it by then.
func (s *Service) takeCode(ctx context.Context, owner ref, in *api.CanaryCodeInput) (key string, _ error) {
	archive, err := s.spool(ctx, in)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	if err := checkArchive(archive); err != nil {
		return "", err
	}
	key = "synthetics/code/" + owner.ID + "/" + newID() + ".zip"
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		return s.collectCode(tx, key, owner, codeGrace)
	})
	if err != nil {
		return "", err
	}
	if _, err := s.Blob.Put(ctx, key, archive); err != nil {
		return "", fmt.Errorf("keep canary code: %w", err)
	}
	return key, nil
}

// spool writes the archive to a nameless temporary file and rewinds it.
func (s *Service) spool(ctx context.Context, in *api.CanaryCodeInput) (_ *os.File, err error) {
	src, err := s.openSource(ctx, in)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	n, err := io.Copy(f, io.LimitReader(src, maxCode+1))
	if err != nil {
		return nil, fmt.Errorf("read canary code: %w", err)
	}
	if n > maxCode {
		return nil, api.NewRequestEntityTooLargeException("Canary code is larger than %d bytes", maxCode)
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// openSource opens the archive; an S3 object as the caller, as AWS does.
func (s *Service) openSource(ctx context.Context, in *api.CanaryCodeInput) (io.ReadCloser, error) {
	if len(in.ZipFile) > 0 {
		return io.NopCloser(bytes.NewReader(in.ZipFile)), nil
	}
	objects := s3.Client{Invoker: s.Plane.As(plane.FromContext(ctx).Caller)}
	obj, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: *in.S3Bucket, Key: *in.S3Key, VersionId: in.S3Version})
	if err != nil {
		return nil, invalid("Error occurred while getting the code from S3 (%s/%s): %v", *in.S3Bucket, *in.S3Key, err)
	}
	if body, ok := obj.Body.(io.ReadCloser); ok {
		return body, nil
	}
	return io.NopCloser(obj.Body), nil
}

// checkArchive refuses what is not a zip archive. What is in it is checked
// when it is unpacked for a run.
func checkArchive(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := zip.NewReader(f, info.Size()); err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// collectCode puts the row that removes an archive once its canary, owner, does
// not refer to it.
func (s *Service) collectCode(tx *store.Tx, key string, owner ref, after time.Duration) error {
	return s.Engine.Put(tx, kindCode, key, tx.Now().Add(after), owner)
}

// stepCode removes an archive that its canary does not refer to.
func (s *Service) stepCode(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var owner ref
	if err := w.State(&owner); err != nil {
		return engine.Next{}, err
	}
	used := false
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.loadRef(tx, owner)
		if rec == nil || err != nil {
			return err
		}
		used, err = s.refersTo(tx, rec, w.Key)
		return err
	})
	if err != nil || used {
		return engine.Done(), err
	}
	if err := s.Blob.Delete(ctx, w.Key); err != nil && !errors.Is(err, blob.ErrNotFound) {
		return engine.Next{}, err
	}
	return engine.Done(), nil
}

// refersTo reports whether a canary or one of its dry runs refers to a blob.
func (s *Service) refersTo(tx *store.Tx, rec *store.Record[canary], key string) (bool, error) {
	d := &rec.Doc
	if slices.Contains(d.Config.blobs(), key) || d.Staged != nil && slices.Contains(d.Staged.blobs(), key) {
		return true, nil
	}
	dry, err := s.listDryRuns(tx, rec)
	return slices.ContainsFunc(dry, func(r store.Record[dryRun]) bool { return slices.Contains(r.Doc.Config.blobs(), key) }), err
}
