package client

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"

	"nephele.dev/nephele/internal/shape"
)

// adapt does with an input what the documentation of some services promises that
// clients do. The caller's map stays as it is.
func (k *call) adapt(given *params) {
	given.entries = maps.Clone(given.entries)
	switch k.client.service.Name + ":" + k.op.Name {
	case "ec2:RunInstances", "autoscaling:CreateLaunchConfiguration":
		if s, ok := given.entries["UserData"].(string); ok {
			given.entries["UserData"] = base64.StdEncoding.EncodeToString([]byte(s))
		}
	}
	if k.client.service.Name == "s3" {
		k.adaptS3(given.entries)
	}
}

// finish does the same with an output: policy documents of IAM, which arrive
// URL-encoded, and templates become what they stand for.
func (k *call) finish(out map[string]any) {
	switch {
	case k.decode:
		decodeKeys(out)
	case k.client.service.Name == "iam":
		decodePolicies(k.op.Output, out)
	case k.client.service.Name == "cloudformation" && k.op.Name == "GetTemplate":
		if s, ok := out["TemplateBody"].(string); ok {
			out["TemplateBody"] = document(s, s)
		}
	}
}

// decodePolicies finds the policy documents in a structure by their shape.
func decodePolicies(s *shape.Shape, m map[string]any) {
	for _, member := range s.Members {
		v, ok := m[member.Name]
		if !ok {
			continue
		}
		if text, ok := v.(string); ok && member.Shape.Name == "policyDocumentType" {
			if plain, err := url.PathUnescape(text); err == nil {
				m[member.Name] = document(plain, text)
			}
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			decodePolicies(member.Shape, v)
		case []any:
			for _, item := range v {
				if item, ok := item.(map[string]any); ok {
					decodePolicies(member.Shape.Elem.Shape, item)
				}
			}
		}
	}
}

// document is the JSON object in text, or otherwise when it is none.
func document(text, otherwise string) any {
	var m map[string]any
	if json.Unmarshal([]byte(text), &m) != nil || m == nil {
		return otherwise
	}
	return m
}
