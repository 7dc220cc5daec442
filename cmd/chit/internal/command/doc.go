// Package command is what the commands of chit have in common. In go the words of a command
// line: [Profile] reads which setup they are for, [WithPayer], [WithChain], [Book] and
// [Place] open what the setup names. Out goes what a function of the library has
// returned: [Print] shows it to people or to programs. A command line that is wrong ends
// with [ErrUsage].
package command
