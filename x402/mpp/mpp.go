package mpp

// What this package speaks of the protocol.
const (
	Scheme            = "Payment"       // the authentication scheme
	MethodEVM         = "evm"           // the method: a transfer on an EVM chain
	IntentCharge      = "charge"        // the intent: one payment for one answer
	TypeAuthorization = "authorization" // the type of the payload: EIP-3009
)

// Headers of the HTTP transport.
const (
	HeaderChallenge  = "WWW-Authenticate" // one or more [Challenge], on status 402
	HeaderCredential = "Authorization"    // a [Credential], unless [Challenge.Header] names another
	HeaderReceipt    = "Payment-Receipt"  // a [Receipt], on the answer
)

// HeaderCredentialBeside is where a credential goes when Authorization is needed for something
// else: the value of [Challenge.Header] then.
const HeaderCredentialBeside = "Payment-Authorization"

// Keys of the MCP transport in _meta; each value is the document itself.
const (
	MetaRequired   = "org.paymentauth/payment-required" // a [Required], on a result that is an error
	MetaCredential = "org.paymentauth/credential"       // a [Credential], on tools/call
	MetaReceipt    = "org.paymentauth/receipt"          // a [Receipt], on the result
)

// Bounds of what is read.
const (
	// MaxBytes is the largest credential, receipt or opaque, in bytes of JSON.
	MaxBytes = 32 << 10
	// MaxRequest is the largest request of a challenge, in characters of base64url.
	MaxRequest = 16 << 10
	// MaxHeader is the most that is read of headers with challenges, in bytes.
	MaxHeader = 64 << 10
	// MaxChallenges is how many challenges an answer has at most.
	MaxChallenges = 32
)
