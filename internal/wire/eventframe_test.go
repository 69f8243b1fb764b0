package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/google/go-cmp/cmp"
)

// frames are messages with every type of header.
func frames() []eventFrame {
	return []eventFrame{
		{},
		{payload: []byte("{'foo':'bar'}")},
		{headers: []eventHeader{{"content-type", "application/json"}}, payload: []byte("{'foo':'bar'}")},
		{headers: []eventHeader{
			{"yes", true},
			{"no", false},
			{"byte", int8(-7)},
			{"short", int16(-300)},
			{"int", int32(math.MinInt32)},
			{"long", int64(math.MaxInt64)},
			{"bytes", []byte{0, 255}},
			{"text", "ünï"},
			{"time", time.UnixMilli(1_700_000_000_123).UTC()},
			{"uuid", [16]byte{15: 1}},
		}},
	}
}

// TestFrameGolden checks bytes against those that the AWS event stream
// encoding's published vectors have for the same messages.
func TestFrameGolden(t *testing.T) {
	t.Parallel()
	for i, want := range []string{
		"000000100000000005c248eb7d98c8ff",
		"0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
		"0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1",
	} {
		f := frames()[i]
		got, err := f.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(got) != want {
			t.Errorf("frame %d\n got %x\nwant %s", i, got, want)
		}
	}
}

// TestFrameOracle has the SDK read what we write, and the other way round.
func TestFrameOracle(t *testing.T) {
	t.Parallel()
	for _, f := range frames() {
		b, err := f.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		message, err := eventstream.NewDecoder().Decode(bytes.NewReader(b), nil)
		if err != nil {
			t.Fatalf("the SDK cannot read %x: %v", b, err)
		}
		if len(message.Headers) != len(f.headers) || !bytes.Equal(message.Payload, f.payload) {
			t.Errorf("the SDK reads %+v of %+v", message, f)
		}
		for _, h := range f.headers {
			got := message.Headers.Get(h.name).Get()
			if id, ok := h.value.([16]byte); ok {
				h.value = id[:]
				if u, ok := got.([16]byte); ok {
					got = u[:]
				}
			}
			if at, ok := h.value.(time.Time); ok && at.Equal(got.(time.Time)) {
				continue
			}
			if diff := cmp.Diff(h.value, got); diff != "" {
				t.Errorf("header %s: %s", h.name, diff)
			}
		}
		var theirs bytes.Buffer
		if err := eventstream.NewEncoder().Encode(&theirs, message); err != nil {
			t.Fatal(err)
		}
		again, err := readFrame(&theirs)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.headers, again.headers, cmp.AllowUnexported(eventHeader{})); diff != "" {
			t.Errorf("headers (-ours +through the SDK):\n%s", diff)
		}
	}
}

func TestFrameDamaged(t *testing.T) {
	t.Parallel()
	b, err := frames()[2].append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 0x10
		if _, err := readFrame(bytes.NewReader(damaged)); !errors.Is(err, errFrame) {
			t.Errorf("byte %d damaged: %v", i, err)
		}
		if _, err := readFrame(bytes.NewReader(b[:i])); err == nil || i > 0 && errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	huge := eventFrame{payload: make([]byte, maxEventPayload+1)}
	if _, err := huge.append(nil); !errors.Is(err, errFrame) {
		t.Errorf("a payload over the limit: %v", err)
	}
	long := eventFrame{headers: []eventHeader{{"a", string(make([]byte, 1<<15))}}}
	if _, err := long.append(nil); !errors.Is(err, errFrame) {
		t.Errorf("a header over the limit: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	for _, frame := range frames() {
		b, err := frame.append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[preludeSize:len(b)-frameTrailer], len(b)-frameTrailer-preludeSize-len(frame.payload))
	}
	f.Fuzz(func(t *testing.T, body []byte, headers int) {
		if headers < 0 || headers > len(body) {
			return
		}
		all, err := readHeaders(body[:headers])
		if err != nil {
			return
		}
		frame := eventFrame{all, body[headers:]}
		b, err := frame.append(nil)
		if err != nil {
			return // a header too long for the encoding's limits
		}
		again, err := readFrame(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		if diff := cmp.Diff(frame.headers, again.headers, cmp.AllowUnexported(eventHeader{})); diff != "" {
			t.Error(diff)
		}
		if _, err := eventstream.NewDecoder().Decode(bytes.NewReader(b), nil); err != nil {
			t.Errorf("the SDK refuses %x: %v", b, err)
		}
	})
}
