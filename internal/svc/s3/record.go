package s3

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// eventTime is the form of times in events.
const eventTime = "2006-01-02T15:04:05.000Z"

// eventRecords is the message of a notification (S3 User Guide, "Event message
// structure").
type eventRecords struct{ Records []eventRecord }

type eventRecord struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"`
	UserIdentity      eventIdentity     `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  map[string]string `json:"responseElements"`
	S3                eventEntity       `json:"s3"`
}

type eventIdentity struct {
	PrincipalID string `json:"principalId"`
}

type eventEntity struct {
	SchemaVersion   string      `json:"s3SchemaVersion"`
	ConfigurationID string      `json:"configurationId"`
	Bucket          eventBucket `json:"bucket"`
	Object          eventObject `json:"object"`
}

type eventBucket struct {
	Name          string        `json:"name"`
	OwnerIdentity eventIdentity `json:"ownerIdentity"`
	ARN           string        `json:"arn"`
}

type eventObject struct {
	Key       string `json:"key"` // encoded like a form
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"eTag,omitempty"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
}

// recordVersion is the version of the structure that AWS writes an event in.
func recordVersion(name string) string {
	if strings.HasPrefix(name, "ObjectCreated:") || strings.HasPrefix(name, "ObjectRemoved:") {
		return "2.1"
	}
	return "2.3"
}

// record is the event as a notification tells it.
func (e objectEvent) record(configuration string) eventRecords {
	identity, ip := "AWS:"+e.principalID(), e.SourceIP
	if e.byLifecycle() {
		identity, ip = principal, principal
	}
	o := eventObject{Key: formEncoded(e.Key), ETag: e.ETag, VersionID: e.Version, Sequencer: e.Sequencer}
	if e.ETag != "" {
		o.Size = &e.Size
	}
	return eventRecords{[]eventRecord{{
		EventVersion: recordVersion(e.Name), EventSource: "aws:s3", AWSRegion: e.Bucket.Region,
		EventTime: e.Time.UTC().Format(eventTime), EventName: e.Name, UserIdentity: eventIdentity{identity},
		RequestParameters: map[string]string{"sourceIPAddress": ip},
		ResponseElements:  map[string]string{"x-amz-request-id": e.RequestID, "x-amz-id-2": hostID(e.RequestID)},
		S3: eventEntity{
			SchemaVersion: "1.0", ConfigurationID: configuration,
			Bucket: eventBucket{e.Bucket.Name, eventIdentity{ownerPrincipal(e.Bucket.Account)}, bucketARN(e.Bucket.Name)},
			Object: o,
		},
	}}}
}

// byLifecycle reports whether S3 itself did what the event tells.
func (e objectEvent) byLifecycle() bool { return strings.HasPrefix(e.Name, "Lifecycle") }

// principalID is the requester as a notification names it: the unique id of a
// user or role session; of a root user the account.
func (e objectEvent) principalID() string {
	if _, session, ok := strings.Cut(e.Requester, ":assumed-role/"); ok {
		return strings.Replace(session, "/", ":", 1)
	}
	if _, user, ok := strings.Cut(e.Requester, ":user/"); ok {
		return user
	}
	return e.Account
}

// ownerPrincipal is the account of a bucket as a notification names it.
func ownerPrincipal(account string) string { return "A" + strings.ToUpper(canonicalID(account)[:13]) }

// formEncoded is a key as notifications have it: a space is a plus, and
// slashes stay.
func formEncoded(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

// hostID is the x-amz-id-2 of a request.
func hostID(requestID string) string {
	return base64.StdEncoding.EncodeToString([]byte(requestID))
}

// eventDetail is the detail of an event on EventBridge (S3 User Guide, "EventBridge
// event message structure").
type eventDetail struct {
	Version          string       `json:"version"`
	Bucket           detailBucket `json:"bucket"`
	Object           detailObject `json:"object"`
	RequestID        string       `json:"request-id,omitempty"`
	Requester        string       `json:"requester"`
	SourceIP         string       `json:"source-ip-address,omitempty"`
	Reason           string       `json:"reason,omitempty"`
	DeletionType     string       `json:"deletion-type,omitempty"`
	DestinationClass string       `json:"destination-storage-class,omitempty"`
}

type detailBucket struct {
	Name string `json:"name"`
}

type detailObject struct {
	Key       string `json:"key"` // as it is
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"etag,omitempty"`
	VersionID string `json:"version-id,omitempty"`
	Sequencer string `json:"sequencer,omitempty"`
}

// detail is the event as EventBridge tells it, and its type; "" for what it
// does not tell.
func (e objectEvent) detail() (kind string, d eventDetail) {
	d = eventDetail{
		Version: "0", Bucket: detailBucket{e.Bucket.Name}, RequestID: e.RequestID, Requester: e.Account, SourceIP: e.SourceIP,
		Object: detailObject{Key: e.Key, ETag: e.ETag, VersionID: e.Version, Sequencer: e.Sequencer},
	}
	if e.ETag != "" {
		d.Object.Size = &e.Size
	}
	if e.byLifecycle() {
		d.Requester = principal
	}
	switch e.Name {
	case createdPut, createdPost, createdCopy, createdComplete:
		kind, d.Reason = "Object Created", e.Reason
	case removedDelete, expiredDelete:
		kind, d.Reason, d.DeletionType = "Object Deleted", e.Reason, "Permanently Deleted"
	case removedMarker, expiredMarker:
		kind, d.Reason, d.DeletionType = "Object Deleted", e.Reason, "Delete Marker Created"
	case taggingPut:
		kind = "Object Tags Added"
	case taggingDelete:
		kind = "Object Tags Deleted"
	case aclPut:
		kind = "Object ACL Updated"
	case transitioned:
		kind, d.DestinationClass, d.RequestID = "Object Storage Class Changed", e.Reason, ""
	}
	return kind, d
}
