package sns

import (
	"testing"

	api "nephele.dev/nephele/internal/api/sns"
)

// TestFilters: what a policy about attributes, and one about the body, lets
// through. The language itself is tested where it is at home.
func TestFilters(t *testing.T) {
	t.Parallel()
	s := &Service{}
	m := &message{
		Text: map[string]string{"": `{"order":{"state":"paid","items":[{"n":1},{"n":7}]}}`, protoHTTP: "no JSON"},
		Attributes: map[string]*api.MessageAttributeValue{
			"kind":  {DataType: "String", StringValue: new("gold")},
			"price": {DataType: "Number.float", StringValue: new("+0100.50")},
			"tags":  {DataType: "String.Array", StringValue: new(`["a", 3, true, null]`)},
			"odd":   {DataType: "String.Array", StringValue: new(`not a list`)},
			"bytes": {DataType: "Binary", BinaryValue: []byte("x")},
		},
	}
	for _, tt := range []struct {
		scope, policy, protocol string
		want                    bool
	}{
		{scopeAttributes, `{"kind":["gold","silver"]}`, protoSQS, true},
		{scopeAttributes, `{"kind":["silver"]}`, protoSQS, false},
		{scopeAttributes, `{"kind":[{"anything-but":"silver"}]}`, protoSQS, true},
		{scopeAttributes, `{"kind":[{"prefix":"go"}],"price":[{"numeric":[">=",100.5]}]}`, protoSQS, true},
		{scopeAttributes, `{"price":[100.5]}`, protoSQS, true},
		{scopeAttributes, `{"price":["100.5"]}`, protoSQS, false},
		{scopeAttributes, `{"tags":[3]}`, protoSQS, true},
		{scopeAttributes, `{"tags":["b"]}`, protoSQS, false},
		{scopeAttributes, `{"none":[{"exists":false}]}`, protoSQS, true},
		{scopeAttributes, `{"kind":[{"exists":false}]}`, protoSQS, false},
		{scopeAttributes, `{"odd":[{"exists":true}]}`, protoSQS, false},
		{scopeAttributes, `{"bytes":[{"exists":true}]}`, protoSQS, false},
		{"", `{"kind":["gold"]}`, protoSQS, true},
		{scopeBody, `{"order":{"state":["paid"],"items":{"n":[{"numeric":[">",5]}]}}}`, protoSQS, true},
		{scopeBody, `{"order":{"state":["open"]}}`, protoSQS, false},
		{scopeBody, `{"kind":["gold"]}`, protoSQS, false},
		{scopeBody, `{"order":{"state":["paid"]}}`, protoHTTP, false},
		{scopeBody, ``, protoHTTP, true},
	} {
		sub := &subscription{Doc: subscriptionDoc{Protocol: tt.protocol, Attributes: map[string]string{attrFilter: tt.policy, attrFilterScope: tt.scope}}}
		for range 2 { // the second finds the parsed policy
			if got, err := s.passes(sub, m); err != nil || got != tt.want {
				t.Errorf("%s %s: %t, %v", tt.scope, tt.policy, got, err)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1": "1", "-1.5": "-1.5", "+2": "2", "007": "7", "-00.5": "-0.5", "0": "0", "00": "0", "1e3": "1e3",
		"": "", "x": "", "1 ": "", ".5": "", "--1": "", "+-1": "-1", "NaN": "", "0x10": "", "1,5": "",
	} {
		if got, ok := number(text); string(got) != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
}
