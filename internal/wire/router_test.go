package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

var router = wire.NewRouter(all.Services())

// match routes a request written as "METHOD target", headers and a body.
func match(line string, header map[string]string, body, signing string) (wire.Match, error) {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	return router.Match(r, signing, func() ([]byte, error) { return []byte(body), nil })
}

var form = map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

var cborHeader = map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}

// target is the headers of an awsJson request.
func target(s, contentType string) map[string]string {
	return map[string]string{"X-Amz-Target": s, "Content-Type": contentType}
}

type labels = map[string]string

var routes = []struct {
	line    string
	header  map[string]string
	body    string
	signing string
	want    string // service:Operation in protocol
	labels  labels
}{
	{"POST /", target("AmazonSSM.SendCommand", "application/x-amz-json-1.1"), "", "ssm", "ssm:SendCommand in awsJson1_1", nil},
	{"POST /", target("AmazonSSM.RegisterManagedInstance", "application/x-amz-json-1.1"), "", "", "ssm:RegisterManagedInstance in awsJson1_1", nil},
	{"POST /", target("AmazonSQS.SendMessage", "application/x-amz-json-1.0"), "", "sqs", "sqs:SendMessage in awsJson1_0", nil},
	{"POST /", target("GraniteServiceVersion20100801.PutMetricData", "application/x-amz-json-1.0"), "", "monitoring", "cloudwatch:PutMetricData in awsJson1_0", nil},
	{"POST /service/GraniteServiceVersion20100801/operation/PutMetricData", cborHeader, "", "monitoring", "cloudwatch:PutMetricData in rpcv2Cbor", nil},
	{"POST /", form, "Action=PutMetricData&Version=2010-08-01", "monitoring", "cloudwatch:PutMetricData in awsQuery", nil},
	{"GET /?Action=ListMetrics&Version=2010-08-01", nil, "", "monitoring", "cloudwatch:ListMetrics in awsQuery", nil},
	{"POST /", form, "Action=DescribeLoadBalancers&Version=2012-06-01", "elasticloadbalancing", "elb:DescribeLoadBalancers in awsQuery", nil},
	{"POST /", form, "Action=DescribeLoadBalancers&Version=2015-12-01", "elasticloadbalancing", "elbv2:DescribeLoadBalancers in awsQuery", nil},
	{"POST /", form, "Action=CreateTargetGroup", "elasticloadbalancing", "elbv2:CreateTargetGroup in awsQuery", nil},
	{"POST /", form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "", "sts:AssumeRoleWithWebIdentity in awsQuery", nil},
	{"POST /", form, "Action=DescribeInstances&Version=2016-11-15", "ec2", "ec2:DescribeInstances in ec2Query", nil},
	{"POST /", form, "Action=DescribeInstances&Version=2013-02-01", "ec2", "ec2:DescribeInstances in ec2Query", nil},
	{"POST /000000000000/queue", form, "Action=SendMessage&Version=2012-11-05&MessageBody=x", "sqs", "sqs:SendMessage in awsQuery", nil},
	{"POST /canary", nil, "{}", "synthetics", "synthetics:CreateCanary in restJson1", labels{}},
	{"GET /canary/my-canary", nil, "", "synthetics", "synthetics:GetCanary in restJson1", labels{"name": "my-canary"}},
	{"GET /canary/my-canary/", nil, "", "synthetics", "synthetics:GetCanary in restJson1", labels{"name": "my-canary"}},
	{"GET /tags/arn%3Aaws%3Arum%3Aus-east-1%3A1%3Aappmonitor%2Fa", nil, "", "rum", "rum:ListTagsForResource in restJson1", labels{"ResourceArn": "arn:aws:rum:us-east-1:1:appmonitor/a"}},
	{"POST /appmonitors/abc", nil, "{}", "", "rum:PutRumEvents in restJson1", labels{"Id": "abc"}},
	{"POST /appmonitors/abc/", nil, "{}", "rum", "rum:PutRumEvents in restJson1", labels{"Id": "abc"}},
	{"POST /2015-03-31/functions/f/invocations", nil, "{}", "lambda", "lambda:Invoke in restJson1", labels{"FunctionName": "f"}},
	{"GET /2015-03-31/functions", nil, "", "lambda", "lambda:ListFunctions in restJson1", labels{}},
	{"GET /2020-05-31/distribution", nil, "", "cloudfront", "cloudfront:ListDistributions in restXml", labels{}},
	{"GET /2014-11-06/distribution/E1", nil, "", "cloudfront", "cloudfront:GetDistribution in restXml", labels{"Id": "E1"}},
	{"POST /2020-05-31/distribution?WithTags", nil, "", "cloudfront", "cloudfront:CreateDistributionWithTags in restXml", labels{}},
	{"POST /2020-05-31/tagging?Operation=Untag&Resource=x", nil, "", "cloudfront", "cloudfront:UntagResource in restXml", labels{}},
	{"GET /", nil, "", "s3", "s3:ListBuckets in restXml", labels{}},
	{"GET /?x-id=ListDirectoryBuckets", nil, "", "s3express", "s3:ListDirectoryBuckets in restXml", labels{}},
	{"GET /b", nil, "", "s3", "s3:ListObjects in restXml", labels{"Bucket": "b"}},
	{"GET /b/?list-type=2&prefix=x", nil, "", "s3", "s3:ListObjectsV2 in restXml", labels{"Bucket": "b"}},
	{"GET /b?location", nil, "", "s3", "s3:GetBucketLocation in restXml", labels{"Bucket": "b"}},
	{"GET /b?notification", nil, "", "s3", "s3:GetBucketNotificationConfiguration in restXml", labels{"Bucket": "b"}},
	{"GET /b?analytics&id=1", nil, "", "s3", "s3:GetBucketAnalyticsConfiguration in restXml", labels{"Bucket": "b"}},
	{"GET /b?analytics", nil, "", "s3", "s3:ListBucketAnalyticsConfigurations in restXml", labels{"Bucket": "b"}},
	{"GET /b/a//b%2Fc%20d/", nil, "", "s3", "s3:GetObject in restXml", labels{"Bucket": "b", "Key": "a//b/c d/"}},
	{"GET /b//k", nil, "", "s3", "s3:GetObject in restXml", labels{"Bucket": "b", "Key": "/k"}},
	{"GET /b/k", nil, "", "", "s3:GetObject in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"GET /b/k?attributes", nil, "", "s3", "s3:GetObjectAttributes in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"GET /b/k?uploadId=1", nil, "", "s3", "s3:ListParts in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k", nil, "x", "s3", "s3:PutObject in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k?x-id=PutObject", form, "x", "s3", "s3:PutObject in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k", map[string]string{"x-amz-copy-source": "/a/b"}, "", "s3", "s3:CopyObject in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k?tagging", nil, "x", "s3", "s3:PutObjectTagging in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k?partNumber=1&uploadId=u", nil, "x", "s3", "s3:UploadPart in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"PUT /b/k?partNumber=1&uploadId=u", map[string]string{"x-amz-copy-source": "/a/b"}, "x", "s3", "s3:UploadPartCopy in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"POST /b/k?uploads", nil, "", "s3", "s3:CreateMultipartUpload in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"POST /b/k?uploadId=u", nil, "", "s3", "s3:CompleteMultipartUpload in restXml", labels{"Bucket": "b", "Key": "k"}},
	{"POST /b?delete", nil, "", "s3", "s3:DeleteObjects in restXml", labels{"Bucket": "b"}},
	{"HEAD /b", nil, "", "s3", "s3:HeadBucket in restXml", labels{"Bucket": "b"}},
	{"GET /b/k?Action=x", nil, "", "s3", "s3:GetObject in restXml", labels{"Bucket": "b", "Key": "k"}},
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, c := range routes {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			m, err := match(c.line, c.header, c.body, c.signing)
			if err != nil {
				t.Fatal(err)
			}
			got := m.Service.Name + ":" + m.Operation.Name + " in " + string(m.Protocol)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if diff := cmp.Diff(c.labels, m.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line     string
		header   map[string]string
		body     string
		signing  string
		code     string
		status   int
		protocol shape.Protocol
	}{
		{"POST /", map[string]string{"X-Amz-Target": "AmazonSSM.Nothing"}, "", "ssm", "UnknownOperationException", 400, shape.JSON11},
		{"POST /", map[string]string{"X-Amz-Target": "nonsense"}, "", "", "UnknownOperationException", 400, shape.JSON11},
		{"POST /", form, "Action=Nothing&Version=2010-05-08", "iam", "InvalidAction", 400, shape.Query},
		{"POST /", form, "Version=2010-05-08", "iam", "MissingAction", 400, shape.Query},
		{"POST /", form, "Action=Nothing&Version=2016-11-15", "ec2", "InvalidAction", 400, shape.EC2Query},
		{"POST /", form, "Action=%zz", "iam", "MalformedInput", 400, shape.Query},
		{"GET /nothing/here", nil, "", "synthetics", "UnknownOperationException", 404, shape.RestJSON},
		{"PATCH /b/k", nil, "", "s3", "MethodNotAllowed", 405, shape.RestXML},
		{"PATCH /b/k", nil, "", "", "MethodNotAllowed", 405, shape.RestXML},
		{"POST /service/X/operation/Y", map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, "", "monitoring", "UnknownOperationException", 404, shape.CBOR},
		{"GET /service/GraniteServiceVersion20100801/operation/PutMetricData", map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, "", "monitoring", "UnknownOperationException", 405, shape.CBOR},
		{"GET /", nil, "", "ssm", "UnknownOperationException", 404, shape.JSON11},
	} {
		t.Run(c.line+" "+c.signing, func(t *testing.T) {
			t.Parallel()
			m, err := match(c.line, c.header, c.body, c.signing)
			e := awserr.As(err)
			if e == nil || e.Code != c.code || e.Status != c.status || m.Protocol != c.protocol || m.Operation != nil {
				t.Errorf("got %v %s %v, want %s in %s", err, m.Protocol, m.Operation, c.code, c.protocol)
			}
		})
	}
}

// TestEveryRESTOperationIsReachable routes a request made from each template.
func TestEveryRESTOperationIsReachable(t *testing.T) {
	t.Parallel()
	for _, svc := range all.Services() {
		if !svc.Speaks(shape.RestJSON) && !svc.Speaks(shape.RestXML) {
			continue
		}
		for _, op := range svc.Operations() {
			r := requestFor(op)
			m, err := router.Match(r, svc.SigningName, nil)
			if err != nil || m.Operation != op && !op.Deprecated && m.Operation.Path != op.Path {
				t.Errorf("%s:%s by %s %s: %v %v", svc.Name, op.Name, op.Method, r.URL, m.Operation, err)
			}
		}
	}
}

// requestFor makes a request with every required member of op outside the
// body.
func requestFor(op *shape.Operation) *http.Request {
	target := strings.NewReplacer("{", "", "}", "", "+", "").Replace(op.Path)
	r := httptest.NewRequest(op.Method, "http://test"+target, nil)
	q := r.URL.Query()
	for _, m := range op.Input.Members {
		switch {
		case !m.Required:
		case m.Location == shape.QueryString:
			q.Set(m.WireName, "1")
		case m.Location == shape.Header:
			r.Header.Set(m.WireName, "1")
		}
	}
	q.Set("x-id", op.Name)
	r.URL.RawQuery = q.Encode()
	return r
}
