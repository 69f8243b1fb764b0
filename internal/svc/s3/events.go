package s3

import (
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Names of events as S3 writes them, without the prefix "s3:".
const (
	createdPut      = "ObjectCreated:Put"
	createdPost     = "ObjectCreated:Post"
	createdCopy     = "ObjectCreated:Copy"
	createdComplete = "ObjectCreated:CompleteMultipartUpload"
	removedDelete   = "ObjectRemoved:Delete"
	removedMarker   = "ObjectRemoved:DeleteMarkerCreated"
	taggingPut      = "ObjectTagging:Put"
	taggingDelete   = "ObjectTagging:Delete"
	aclPut          = "ObjectAcl:Put"
	expiredDelete   = "LifecycleExpiration:Delete"
	expiredMarker   = "LifecycleExpiration:DeleteMarkerCreated"
)

// objectEvent is what happened to an object, as event notifications and
// EventBridge tell it.
type objectEvent struct {
	Name      string // one of the names above
	Bucket    bucket
	Key       string
	Size      int64  // bytes; 0 for what is gone
	ETag      string // without quotes; "" for what is gone
	Version   string // "" in a bucket that was never versioned
	Sequencer string // hex; of two events of a key the greater is the later
	Requester string // principal's ARN, or the service's name
	Account   string // of the requester
	SourceIP  string // "" for calls from inside
	RequestID string
	Reason    string // PutObject, DeleteObject, Lifecycle Expiration ...: the cause as EventBridge names it
	Time      time.Time
}

// newEvent describes a change of o by the call that tx runs in.
func newEvent(tx *store.Tx, b bucket, name, reason string, o object) objectEvent {
	call := plane.FromContext(tx.Context())
	seq := o.Seq
	if !strings.HasPrefix(name, "ObjectCreated:") {
		seq = max(seq+1, store.Micros(tx.Now()))
	}
	e := objectEvent{
		Name: name, Bucket: b, Key: o.Key, Size: o.Size, ETag: o.ETag, Sequencer: fmt.Sprintf("%016X", seq),
		Requester: call.Caller.ARN, Account: call.Caller.Account, RequestID: call.RequestID, Reason: reason, Time: tx.Now(),
	}
	if b.Versioning != "" {
		e.Version = o.Version
	}
	if call.Caller.SourceIP.IsValid() {
		e.SourceIP = call.Caller.SourceIP.String()
	}
	return e
}
