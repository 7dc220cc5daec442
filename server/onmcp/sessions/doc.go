// Package sessions stands between a call and the session of its client.
//
// [Hold] keeps back what a priced call tells its client on its way until the call is paid, but for what
// says nothing that is sold. [Stateless] serves clients that have no session, each request apart, and
// refuses what would ask them for something. It promises that a session that it stands before can do
// what its transport can, and no more.
package sessions
