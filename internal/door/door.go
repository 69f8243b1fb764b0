package door

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// MaxHeaderBytes bounds a request's header, as AWS's load balancers do.
const MaxHeaderBytes = 64 << 10

// Door serves HTTP. Its methods are safe for concurrent use.
type Door struct {
	opts      Options
	log       *slog.Logger
	server    *http.Server
	draining  atomic.Bool
	streaming context.Context // of answers that are event streams; ends with Drain
	endStream context.CancelFunc
	untrusted sync.Map // remote address as a string -> *mark
	ports     sync.Map // int -> struct{}, those listened on
	admin     http.Handler
	hosts     *hosts
	router    *wire.Router
	codecs    map[shape.Protocol]wire.Codec
	bySigning map[string]*shape.Service
	keys      sigv4.Keys
	unproven  ration
}

// New returns a Door that is not listening yet.
func New(o Options) (*Door, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	d := &Door{
		opts: o, log: o.Logger, hosts: newHosts(o.Hostnames, o.Services), router: wire.NewRouter(o.Services),
		codecs: make(map[shape.Protocol]wire.Codec), bySigning: make(map[string]*shape.Service),
	}
	for _, p := range []shape.Protocol{shape.JSON10, shape.JSON11, shape.Query, shape.EC2Query, shape.RestJSON, shape.RestXML, shape.CBOR} {
		d.codecs[p] = wire.New(p, wire.Limits{MaxBody: maxLimit})
	}
	for _, s := range o.Services {
		d.bySigning[signingName(s)] = s
	}
	d.unproven.left.Store(o.Unproven)
	d.streaming, d.endStream = context.WithCancel(context.Background())
	d.server = d.newServer()
	d.admin = d.newAdmin()
	return d, nil
}

// Serve answers the connections of l until Shutdown, then returns nil. It
// closes l. One door may serve several listeners.
func (d *Door) Serve(l net.Listener) error {
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		d.ports.Store(addr.Port, struct{}{})
	}
	err := d.server.Serve(d.listen(l))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Drain makes /_nephele/health answer 503, so that load balancers look
// elsewhere, while calls are still answered. Event streams, which would go on
// for hours, end.
func (d *Door) Drain() {
	d.draining.Store(true)
	d.endStream()
}

// Shutdown stops listening and returns when the calls in flight are answered.
// When ctx ends first their connections are closed, which cancels them, and
// the error is ctx's.
func (d *Door) Shutdown(ctx context.Context) error {
	d.Drain()
	err := d.server.Shutdown(ctx)
	if err != nil {
		return errors.Join(err, d.server.Close())
	}
	return nil
}
