// Package client calls any operation of any AWS service by its name. It is
// driven by data: the models that Nephele itself is made of say how an operation
// travels, what its parameters must be, how to page through its results and what
// one can wait for. It works against Nephele and against AWS alike.
//
// A Session knows who calls and where to; a Client of it speaks to one service:
//
//	s, err := client.NewSession(ctx)              // environment and ~/.aws, as the AWS tools read them
//	sns, err := s.Client("sns")
//	out, err := sns.Call(ctx, "CreateTopic", map[string]any{"Name": "news"})
//	arn := out["TopicArn"].(string)
//
// # Names
//
// Services go by any of their names: "logs", "CloudWatch Logs", "events" or
// "eventbridge", "monitoring". Operations and waiters go by the model's name, or
// by its snake_case or kebab-case form: "SendCommand", "send_command",
// "send-command". Parameters go by the model's name alone.
//
// # Input
//
// The input of an operation is nil, a map[string]any, JSON (json.RawMessage), or a
// struct with fields that are called like the parameters, whose nil pointers count
// as absent. Values are what Go has for them:
//
//	string     string, and types made of it     timestamp  time.Time, RFC 3339 text, seconds since 1970
//	integer    any integer; floats without       blob       []byte, string (JSON: base64), io.Reader
//	           a fraction; json.Number           list       a slice
//	float      any number                        map        a map with text keys
//	boolean    bool                              structure  a map or a struct, as above
//
// Everything that is wrong with an input is told in one *ParamError, and nothing
// is sent: parameters that are missing or unknown, of another type, or below the
// modelled minimum. Maxima, patterns and enumerations are left to the service, as
// they grow there without a new model. Idempotency tokens that are absent are
// filled in, once for all attempts of a call.
//
// A streaming parameter takes an io.Reader. One that is an io.Seeker is read where
// it is; another is first copied, to a temporary file beyond 1 MiB, because a
// signature and a repetition both need to read it again.
//
// # Output
//
// An output is a map[string]any by the model's names: string, int64, float64, bool,
// time.Time, []byte, []any and map[string]any. A streaming member is an
// io.ReadCloser that the caller closes; an event stream is an
// iter.Seq2[map[string]any, error] to be ranged over once.
//
// # Errors
//
// A service's refusal is an *Error. Problems of the input are a *ParamError, an
// endpoint that cannot be reached is a *ConnectionError, names that do not exist
// are a *NameError, and there are ErrNoRegion and ErrNoCredentials.
//
// # Attempts
//
// Calls follow the standard retry mode of the AWS SDKs (SDKs and Tools Reference
// Guide, "Retry behavior"): up to three attempts; pauses of random length up to
// 1, 2, 4 ... 20 seconds, or longer where the service asks for it with
// Retry-After; only for lost connections, throttling, status 500, 502, 503 and 504
// and errors modelled as retryable; and as long as a bucket of 500 tokens lasts,
// from which a retry takes 5 (10 after a timeout) and into which success gives
// back. When the server's clock is more than four minutes off, the call is
// repeated with the server's time, which then holds for the client.
//
// # Configuration
//
// Options of NewSession come first, then the environment, then the profile in the
// shared configuration and credentials files:
//
//	profile      AWS_PROFILE, AWS_DEFAULT_PROFILE
//	region       AWS_REGION, AWS_DEFAULT_REGION; region
//	endpoint     AWS_ENDPOINT_URL_SNS (any service id), AWS_ENDPOINT_URL; endpoint_url in the
//	             profile's services section, endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
//	credentials  AWS_ACCESS_KEY_ID ..., AWS_WEB_IDENTITY_TOKEN_FILE; keys, assumed roles, SSO,
//	             processes; containers and instances
//	TLS          AWS_CA_BUNDLE; ca_bundle
//	files        AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE
//	attempts     AWS_MAX_ATTEMPTS; max_attempts
//
// Without an endpoint, that of AWS in the region's partition is called. There,
// buckets and the prefixes of operations become part of the host's name; given
// endpoints are called as they are. FIPS and dual-stack endpoints have to be given as endpoints.
package client
