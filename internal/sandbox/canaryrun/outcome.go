package canaryrun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"time"
)

// Files in the run's output directory.
const (
	resultFile = ".nephele/result.json"
	hiddenDir  = ".nephele"
	maxResult  = 16 << 20
)

// result is what the launcher leaves (runtimes/nodejs/src/report.js).
type result struct {
	Status          Status  `json:"status"`
	TestResult      string  `json:"testResult"`
	StateReason     string  `json:"stateReason"`
	StateReasonCode string  `json:"stateReasonCode"`
	DurationInMs    float64 `json:"durationInMs"`
	StepMetrics     []struct {
		StepName     string  `json:"stepName"`
		Passed       bool    `json:"passed"`
		DurationInMs float64 `json:"durationInMs"`
		Success      bool    `json:"success"`
		Duration     bool    `json:"duration"`
	} `json:"stepMetrics"`
	Visual *VisualOutcome `json:"visual"`
	Report *Report        `json:"report"`
}

// readResult reads the verdict. The script could have written anything, so it
// is bounded and judged.
func readResult(dir *os.Root) (result, error) {
	var r result
	f, err := dir.Open(resultFile)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxResult)).Decode(&r); err != nil {
		return r, fmt.Errorf("the verdict cannot be read: %w", err)
	}
	if r.Status != Passed && r.Status != Failed || r.Report == nil {
		return r, errors.New("the verdict is incomplete")
	}
	return r, nil
}

// take fills an outcome from a verdict.
func (o *Outcome) take(r result) {
	o.Status, o.TestResult, o.Report, o.Visual = r.Status, r.TestResult, r.Report, r.Visual
	o.Duration = milliseconds(r.DurationInMs)
	if o.Status == Failed {
		o.fail(r.StateReasonCode, r.StateReason)
	}
	for _, s := range r.StepMetrics {
		o.Steps = append(o.Steps, StepMetric{
			Name: s.StepName, Passed: s.Passed, Duration: milliseconds(s.DurationInMs),
			EmitSuccess: s.Success, EmitDuration: s.Duration,
		})
	}
}

// fail sets the verdict and its reason, which the API limits to 1024
// characters. Not every database keeps a zero byte in a text.
func (o *Outcome) fail(code, reason string) {
	const maxReason = 1024
	if code != ExecutionFailure {
		code = CanaryFailure
	}
	reason = strings.ReplaceAll(reason, "\x00", "\uFFFD")
	if runes := []rune(reason); len(runes) > maxReason {
		reason = string(runes[:maxReason])
	}
	o.Status, o.StateReasonCode, o.StateReason = Failed, code, reason
}

func milliseconds(ms float64) time.Duration {
	const day = 24 * 60 * 60 * 1000
	return time.Duration(min(max(ms, 0), day) * float64(time.Millisecond))
}

// listArtifacts lists the files below dir in order of name.
func listArtifacts(dir *os.Root, keep func(name string) bool) ([]Artifact, error) {
	var out []Artifact
	err := fs.WalkDir(dir.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == hiddenDir:
			return fs.SkipDir
		case !d.Type().IsRegular(), !keep(name):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, Artifact{Name: name, Size: info.Size(), ContentType: contentType(name)})
		return nil
	})
	return out, err
}

// contentType goes by the name alone: the content is the script's.
func contentType(name string) string {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".har", ".json":
		return "application/json"
	case ".txt", ".log":
		return "text/plain; charset=utf-8"
	case ".png":
		return "image/png"
	case "":
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
	}
	return "application/octet-stream"
}

// Attach adds an artifact that is no file: of a run that had no workspace.
func (o *Outcome) Attach(name string, content []byte) {
	if o.files == nil {
		o.files = map[string][]byte{}
	}
	o.files[name] = content
	o.Artifacts = append(o.Artifacts, Artifact{Name: name, Size: int64(len(content)), ContentType: contentType(name)})
}

// Open opens an artifact by its name. The name cannot lead out of the run's
// directory.
func (o *Outcome) Open(name string) (io.ReadCloser, error) {
	if content, ok := o.files[name]; ok {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	if o.workspace == nil {
		return nil, fs.ErrClosed
	}
	return os.OpenInRoot(o.workspace.Out, name)
}

// Close removes the run's files.
func (o *Outcome) Close() error {
	w := o.workspace
	o.workspace, o.files = nil, nil
	return w.Close()
}
