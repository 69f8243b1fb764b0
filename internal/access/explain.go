package access

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
)

// Explainer seals the details of refusals.
type Explainer struct{ sealer *seal.Sealer }

// NewExplainer returns an Explainer.
func NewExplainer(s *seal.Sealer) Explainer { return Explainer{s} }

const explainPurpose = "access.message"

// list is how the details write lists.
type list[T any] struct {
	Items []T `json:"items"`
}

// details are a refusal, in the form of the API reference of STS,
// DecodeAuthorizationMessage.
type details struct {
	Allowed      bool            `json:"allowed"`
	ExplicitDeny bool            `json:"explicitDeny"`
	Matched      list[statement] `json:"matchedStatements"`
	Failures     list[string]    `json:"failures"`
	Context      situation       `json:"context"`
}

type statement struct {
	Policy    string `json:"policyId"`
	Statement int    `json:"statementIndex"`
}

type situation struct {
	Principal  principal       `json:"principal"`
	Action     string          `json:"action"`
	Resource   string          `json:"resource"`
	Conditions list[condition] `json:"conditions"`
}

type principal struct {
	ID  string `json:"id"`
	ARN string `json:"arn"`
}

type condition struct {
	Key    string      `json:"key"`
	Values list[value] `json:"values"`
}

type value struct {
	Value string `json:"value"`
}

// Encode seals why a request was refused.
func (e Explainer) Encode(r policy.Request, d policy.Decision) string {
	text, err := json.Marshal(detailsOf(&r, &d))
	if err != nil {
		return ""
	}
	sealed, err := e.sealer.Seal(explainPurpose, text)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Decode opens what Encode made: a JSON document. The error is
// seal.ErrSealed or seal.ErrLost.
func (e Explainer) Decode(encoded string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", seal.ErrSealed
	}
	text, err := e.sealer.Open(explainPurpose, sealed)
	return string(text), err
}

func detailsOf(r *policy.Request, d *policy.Decision) details {
	out := details{
		ExplicitDeny: d.Effect == policy.ExplicitDeny,
		Matched:      list[statement]{[]statement{}}, Failures: list[string]{[]string{}},
		Context: situation{
			Principal: principal{r.Principal.ID, r.Principal.ARN}, Action: r.Action, Resource: d.Resource,
			Conditions: list[condition]{[]condition{}},
		},
	}
	if out.Context.Resource == "" && len(r.Resources) > 0 {
		out.Context.Resource = r.Resources[0].ARN
	}
	for _, m := range d.Matched {
		if m.Document != nil {
			out.Matched.Items = append(out.Matched.Items, statement{m.Document.Name, m.Statement})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Keys)) {
		c := condition{Key: key, Values: list[value]{[]value{}}}
		for _, v := range r.Keys[key] {
			c.Values.Items = append(c.Values.Items, value{v})
		}
		out.Context.Conditions.Items = append(out.Context.Conditions.Items, c)
	}
	return out
}
