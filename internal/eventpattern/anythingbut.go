package eventpattern

const (
	notInList = "Inside anything but list, start|null|boolean is not supported."
	notMixed  = "Inside anything but list, either all values are number or string, mixed type is not supported"
	notFolded = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
)

// anythingBut reads the operand of "anything-but".
func (c *compiler) anythingBut(l *leaf, tok token) error {
	a := &anythingBut{}
	l.tests = append(l.tests, a)
	if tok != tokenObject {
		if err := c.excluded(a, "", tok); err != nil {
			return err
		}
		return c.close(tooManyElements)
	}
	tok, err := c.next()
	if err != nil {
		return err
	}
	if tok != tokenName {
		return c.fail("Anything-But expression name not found")
	}
	op := c.name
	switch op {
	case "equals-ignore-case", "prefix", "suffix", "wildcard":
	default:
		return c.fail("Unsupported anything-but pattern: %s", op)
	}
	if tok, err = c.next(); err != nil {
		return err
	}
	if err := c.excluded(a, op, tok); err != nil {
		return err
	}
	if err := c.close(tooManyElements); err != nil {
		return err
	}
	return c.close(tooManyElements)
}

// excluded reads what must not match: one value or a list of them.
func (c *compiler) excluded(a *anythingBut, op string, tok token) error {
	switch tok {
	case tokenString, tokenNumber:
		return c.exclude(a, op, tok)
	case tokenArray:
	default:
		return c.fail("Value of anything-but must be an array or single string/number value.")
	}
	for {
		tok, err := c.next()
		if err != nil {
			return err
		}
		if tok == tokenArrayEnd {
			break
		}
		if err := c.exclude(a, op, tok); err != nil {
			return err
		}
	}
	if op == "" && (len(a.strings) > 0) == (len(a.numbers) > 0) {
		return c.fail(notMixed)
	}
	return nil
}

// exclude adds one value, of which op says how it is compared.
func (c *compiler) exclude(a *anythingBut, op string, tok token) error {
	switch {
	case tok == tokenString:
		s, err := c.string()
		if err != nil {
			return err
		}
		return c.excludeString(a, op, s)
	case op == "" && tok == tokenNumber:
		n, err := c.limited()
		if err == nil {
			a.numbers = append(a.numbers, *n)
		}
		return err
	case op == "":
		return c.fail(notInList)
	case op == "equals-ignore-case":
		return c.fail(notFolded)
	case op == "wildcard":
		return c.fail("wildcard match pattern must be a string")
	}
	return c.fail("prefix/suffix match pattern must be a string")
}

func (c *compiler) excludeString(a *anythingBut, op, s string) error {
	if op == "" {
		a.addString(s)
		return nil
	}
	if s == "" && (op == "prefix" || op == "suffix") {
		return c.fail("Null prefix/suffix not allowed")
	}
	t, err := c.stringTest(op, s)
	if err == nil {
		a.tests = append(a.tests, t)
	}
	return err
}
