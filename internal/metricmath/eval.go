package metricmath

// Bounds on what one expression may build.
const (
	maxArray  = 500     // series in an array, the limit of a graph and of a request
	maxPoints = 100_800 // made-up points of a series, a page of GetMetricData
)

// Env is what an expression is evaluated in.
type Env struct {
	// First returns where the window begins for series of a period, in seconds
	// since 1970; every further period is a multiple away.
	First  func(period int64) int64
	End    int64 // of the window, exclusive
	Period int64 // of series that have none of their own, as TIME_SERIES; seconds

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
		return env.unary(n)
	case nodeBinary:
		return env.binary(n)
	case nodeCall:
		return functions[n.text].eval(env, n)
	case nodeArray:
		return env.array(n.args)
	case nodeString:
		return Value{}, errorf("Unexpected string '%s'", n.text)
	default:
		return Value{}, errorf("Unexpected word %s", n.text)
	}
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
	for t := first; t < env.End; t += period {
		f(t)
	}
	return nil
}
