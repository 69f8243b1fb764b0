package metricmath

// Bounds on what one expression may build.
const (
	maxArray  = 500     // series in an array, the limit of a graph and of a request
	maxPoints = 100_800 // made-up points of a series, a page of GetMetricData
)

// Budget bounds what the expressions of one request compute together. The zero
// value is full.
type Budget struct{ spent int }

// maxComputed is how many points that is, 16 bytes each. Those of a function that
// makes points up, such as FILL, count before they are made and after.
const maxComputed = 10_000_000

// Spend takes n points.
func (b *Budget) Spend(n int) error {
	if b == nil {
		return nil
	}
	if b.spent += n; b.spent > maxComputed {
		return errorf("The request computes more than %d datapoints. Use longer periods or a shorter time range", maxComputed)
	}
	return nil
}

// Env is what an expression is evaluated in.
type Env struct {
	// First returns where the window begins for series of a period, in seconds
	// since 1970; every further period is a multiple away.
	First  func(period int64) int64
	End    int64 // of the window, exclusive
	Period int64 // of series that have none of their own, as TIME_SERIES; seconds

	Budget *Budget // of the request; nil is without bounds

	// Query returns the result of another query; ok is false when there is no
	// such query.
	Query func(id string) (v Value, ok bool, err error)
	// Metrics returns the metrics of the request whose id contains part.
	Metrics func(part string) ([]*Series, error)
	// Search runs a search expression. Period is 0 when the expression has none.
	Search func(q *Search, stat string, period int64) ([]*Series, error)
}

// Eval computes the expression. Errors are *Error, *NotImplementedError, or
// whatever the functions of env return.
func (e *Expr) Eval(env *Env) (Value, error) { return env.eval(e.root) }

func (env *Env) eval(n *node) (Value, error) {
	switch n.kind {
	case nodeNumber:
		return Number(n.number), nil
	case nodeID:
		return env.query(n.text)
	case nodeUnary:
		return env.computed(env.unary(n))
	case nodeBinary:
		return env.computed(env.binary(n))
	case nodeCall:
		return env.computed(functions[n.text].eval(env, n))
	case nodeArray:
		return env.array(n.args)
	case nodeString:
		return Value{}, errorf("Unexpected string '%s'", n.text)
	default:
		return Value{}, errorf("Unexpected word %s", n.text)
	}
}

// computed takes a result from the budget.
func (env *Env) computed(v Value, err error) (Value, error) {
	if err != nil {
		return v, err
	}
	n := 0
	for _, s := range v.Series {
		n += 1 + len(s.Times)
	}
	return v, env.Budget.Spend(n)
}

func (env *Env) query(id string) (Value, error) {
	v, ok, err := env.Query(id)
	if err == nil && !ok {
		err = errorf("Undefined id '%s'", id)
	}
	return v, err
}

// array flattens its elements.
func (env *Env) array(elements []*node) (Value, error) {
	var list []*Series
	for _, n := range elements {
		v, err := env.eval(n)
		if err != nil {
			return Value{}, err
		}
		if v.Kind == Scalar {
			return Value{}, errorf("An array holds time series, not scalars")
		}
		if list = append(list, v.Series...); len(list) > maxArray {
			return Value{}, errorf("An array holds at most %d time series", maxArray)
		}
	}
	return List(list), nil
}

func (env *Env) unary(n *node) (Value, error) {
	v, err := env.eval(n.args[0])
	if err != nil || n.text == "+" {
		return v, err
	}
	if v.Kind == Scalar {
		return Number(-v.Number), nil
	}
	return v.each(func(s *Series) *Series { return s.mapped(func(x float64) float64 { return -x }) }), nil
}

func (env *Env) binary(n *node) (Value, error) {
	a, err := env.eval(n.args[0])
	if err != nil {
		return Value{}, err
	}
	b, err := env.eval(n.args[1])
	if err != nil {
		return Value{}, err
	}
	return combine(n.text, a, b)
}

// grid calls f with the start of every period of the window.
func (env *Env) grid(period int64, f func(t int64)) error {
	if period <= 0 {
		period = env.Period
	}
	if period <= 0 {
		period = 60
	}
	first := env.First(period)
	if (env.End-first)/period > maxPoints {
		return errorf("The time range holds more than %d periods", maxPoints)
	}
	if err := env.Budget.Spend(int(max(0, env.End-first) / period)); err != nil {
		return err
	}
	for t := first; t < env.End; t += period {
		f(t)
	}
	return nil
}
