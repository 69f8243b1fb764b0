package eventpattern

const tooManyElements = "Too many elements in numeric expression"

// numeric reads the operand of "numeric": one bound, or a lower and an upper.
func (c *compiler) numeric(l *leaf, tok token) error {
	if tok != tokenArray {
		return c.fail("Value of numeric must be an array.")
	}
	op, err := c.operator("Invalid member in numeric match: ")
	if err != nil {
		return err
	}
	r := numeric{limit: c.limit}
	switch op {
	case "=":
		r.low, err = c.bound("equals")
		r.high = r.low
	case "<", "<=":
		r.openHigh = op == "<"
		r.high, err = c.bound(op)
	case ">", ">=":
		r.openLow = op == ">"
		r.low, err = c.bound(op)
	default:
		return c.fail("Unrecognized numeric range operator: %s", op)
	}
	if err != nil {
		return err
	}
	if tok, err = c.next(); err != nil {
		return err
	}
	if tok != tokenArrayEnd {
		if op != ">" && op != ">=" {
			return c.fail(tooManyElements)
		}
		if err := c.upper(&r, tok); err != nil {
			return err
		}
	}
	l.tests = append(l.tests, r)
	return c.close(tooManyElements)
}

// upper reads the upper bound of a range, to the closing bracket.
func (c *compiler) upper(r *numeric, tok token) error {
	if tok != tokenString {
		return c.fail("Bad value in numeric range: %s", c.raw(tok))
	}
	op, err := c.string()
	if err != nil {
		return err
	}
	if op != "<" && op != "<=" {
		return c.fail("Bad numeric range operator: %s", op)
	}
	r.openHigh = op == "<"
	if r.high, err = c.bound(op); err != nil {
		return err
	}
	if tok, err = c.next(); err != nil {
		return err
	}
	if tok != tokenArrayEnd {
		return c.fail("Too many terms in numeric range expression")
	}
	if r.low.compare(*r.high) >= 0 {
		return c.fail("Bottom must be less than top")
	}
	return nil
}

func (c *compiler) operator(otherwise string) (string, error) {
	tok, err := c.next()
	if err != nil {
		return "", err
	}
	if tok != tokenString {
		return "", c.fail("%s%s", otherwise, c.raw(tok))
	}
	return c.string()
}

// bound reads the number behind an operator.
func (c *compiler) bound(op string) (*decimal, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != tokenNumber {
		return nil, c.fail("Value of %s must be numeric", op)
	}
	return c.limited()
}

// limited is the number that was read, if it is within the limits.
func (c *compiler) limited() (*decimal, error) {
	d, ok := parseDecimal(c.digits)
	if !ok || d.beyond(c.limit) {
		limit := "1.0E9"
		if c.dialect == EventBridge {
			limit = "5.0E9"
		}
		return nil, c.fail("Value must be between -%s and %s, inclusive", limit, limit)
	}
	return &d, nil
}

// raw is a token in the words of the pattern.
func (c *compiler) raw(tok token) string {
	switch tok {
	case tokenNumber:
		return c.digits
	case tokenName:
		return c.name
	}
	return map[token]string{
		tokenObject: "{", tokenObjectEnd: "}", tokenArray: "[", tokenArrayEnd: "]",
		tokenTrue: "true", tokenFalse: "false", tokenNull: "null",
	}[tok]
}
