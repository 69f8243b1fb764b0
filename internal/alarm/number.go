package alarm

import (
	"math"
	"strconv"
	"strings"
)

// Number writes a value as CloudWatch does in texts and in the JSON inside of
// texts: "5.0", "0.337675", "1.0E7". Those are the rules of Java's Double.
func Number(v float64) string {
	abs := math.Abs(v)
	if abs != 0 && (abs < 1e-3 || abs >= 1e7) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return mantissa // not a number, or infinite
		}
		return mantissa + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// JSONNumber is a float64 that JSON writes as Number does.
type JSONNumber float64

// MarshalJSON writes the number; JSON has none for what is not finite.
func (n JSONNumber) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return []byte(Number(float64(n))), nil
}
