package wire

import (
	"math"
	"testing"
)

func TestAppendFloat(t *testing.T) {
	t.Parallel()
	for want, x := range map[string]float64{
		"0.0": 0, "3.0": 3, "-2.5": -2.5, "0.1": 0.1, "1000000.0": 1e6, "1e+21": 1e21, "1e-07": 1e-7,
		"NaN": math.NaN(), "-Infinity": math.Inf(-1),
	} {
		if got := string(appendFloat([]byte{}, x, 64)); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	if got := string(appendFloat([]byte("0.5,"), 7, 32)); got != "0.5,7.0" {
		t.Errorf("after another number: %s", got)
	}
}
