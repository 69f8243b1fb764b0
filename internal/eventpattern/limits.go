package eventpattern

const (
	maxPolicy       = 256 << 10 // bytes of any pattern; services that allow less look for themselves
	maxKeys         = 5         // of an SNS filter policy
	maxCombinations = 150       // of the values of an SNS filter policy
)

// numericLimit is the largest number that "numeric" knows.
func numericLimit(d Dialect) decimal {
	if d == EventBridge {
		return decimal{digits: "5", exp: 10}
	}
	return decimal{digits: "1", exp: 10}
}

func (c *compiler) tooComplex() error {
	reason := "Filter policy is too complex"
	if c.dialect == EventBridge {
		reason = "Rule is too complex - try using fewer OR ($or) conditions"
	}
	return &Error{Dialect: c.dialect, Reason: reason}
}

// tooManyKeys refuses filter policies with too many keys.
func (c *compiler) tooManyKeys(n int) error {
	if c.dialect != EventBridge && n > maxKeys {
		return &Error{Dialect: c.dialect, Reason: "Filter policy can not have more than 5 keys"}
	}
	return nil
}

// checkCombinations refuses filter policies of too many combinations: the
// numbers of values multiplied, each with its depth in a payload, and summed
// over the alternatives of $or.
func (c *compiler) checkCombinations() error {
	if c.dialect == EventBridge {
		return nil
	}
	total := 0
	for _, r := range c.rules {
		product := 1
		for _, cond := range r {
			if product *= cond.values * len(cond.path); product > maxCombinations {
				return c.tooComplex()
			}
		}
		if total += product; total > maxCombinations {
			return c.tooComplex()
		}
	}
	return nil
}
