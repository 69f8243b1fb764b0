package cloudwatch

import (
	"fmt"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// Entities say what put a metric's values: a service, or a resource. A valid
// one changes nothing that an operation of this API answers: AWS shows the
// relation in its console alone. So they are checked, and their metrics stored.

// maxEntities is how many a PutMetricData may name.
const maxEntities = 2

// The values of the answer's header X-Amzn-Failure-Message, from the API
// reference.
const (
	failureHeader         = "X-Amzn-Failure-Message"
	invalidEntity         = "InvalidEntity"
	invalidKeyAttributes  = "InvalidKeyAttributes"
	invalidAttributes     = "InvalidAttributes"
	invalidTypeValue      = "InvalidTypeValue"
	entitySizeTooLarge    = "EntitySizeTooLarge"
	missingRequiredFields = "MissingRequiredFields"
)

// entityFields are what each type of entity must name.
var entityFields = map[string][]string{
	"Service":       {"Name", "Environment"},
	"RemoteService": {"Name"},
	"AWS::Service":  {"Name"},
	"Resource":      {"ResourceType", "Identifier"},
	"AWS::Resource": {"ResourceType", "Identifier"},
}

// checkEntities returns what is wrong with the first entity at fault, or "".
func checkEntities(list []*api.EntityMetricData) string {
	if len(list) > maxEntities {
		return entitySizeTooLarge
	}
	for _, e := range list {
		if e == nil {
			continue
		}
		if failure := checkEntity(e.Entity); failure != "" {
			return failure
		}
	}
	return ""
}

func checkEntity(e *api.Entity) string {
	if e == nil || len(e.KeyAttributes) == 0 {
		return invalidEntity
	}
	for name, value := range e.KeyAttributes {
		switch name {
		case "Type", "ResourceType", "Identifier", "Name", "Environment":
		default:
			return invalidKeyAttributes
		}
		if !printable(value) {
			return invalidKeyAttributes
		}
	}
	kind, ok := e.KeyAttributes["Type"]
	if !ok {
		return missingRequiredFields
	}
	required, ok := entityFields[kind]
	if !ok {
		return invalidTypeValue
	}
	for _, name := range required {
		if e.KeyAttributes[name] == "" {
			return missingRequiredFields
		}
	}
	for name, value := range e.Attributes {
		if !printable(name) || !printable(value) {
			return invalidAttributes
		}
	}
	return ""
}

// entities takes the metrics of entities. A faulty entity refuses the call when
// the caller asked for that; otherwise a header of the answer tells.
func (p *putting) entities(in *api.PutMetricDataInput) error {
	if len(in.EntityMetricData) == 0 {
		return nil
	}
	if in.StrictEntityValidation == nil {
		return api.NewMissingRequiredParameterException("The parameter StrictEntityValidation is required.")
	}
	if failure := checkEntities(in.EntityMetricData); failure != "" {
		if *in.StrictEntityValidation {
			return api.NewInvalidParameterValueException("The value for parameter EntityMetricData is invalid: %s.", failure)
		}
		if p.call.Answer != nil {
			p.call.Answer.Set(failureHeader, failure)
		}
	}
	for i, e := range in.EntityMetricData {
		if e != nil {
			p.list(fmt.Sprintf("EntityMetricData.member.%d.MetricData", i+1), e.MetricData)
		}
	}
	return nil
}
