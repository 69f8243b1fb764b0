package policy

import "testing"

func parse(t testing.TB, text string, use Usage) *Document {
	t.Helper()
	d, err := Parse(text, use)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestSmoke(t *testing.T) {
	d := parse(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:username}/*"}]}`, Identity)
	r := &Request{Principal: Principal{Kind: User, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/x/mary"}, Action: "s3:GetObject", Resources: []Resource{{ARN: "arn:aws:s3:::b/mary/k"}}}
	if got := Decide(r, &Policies{Identity: []*Document{d}}); got.Effect != Allow {
		t.Errorf("%+v", got)
	}
	r.Resources[0].ARN = "arn:aws:s3:::b/bob/k"
	if got := Decide(r, &Policies{Identity: []*Document{d}}); got.Effect != ImplicitDeny || got.By != IdentityBased {
		t.Errorf("%+v", got)
	}
}
