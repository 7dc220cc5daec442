package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
)

// completionFlag asks for what can stand next on the command line. It comes last. With
// zsh in the variable called 0 the answer says what commands do.
const completionFlag = "--generate-bash-completion"

const bashCompletion = `_chit_completion() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  local line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  case $cur in
    --) line+=(-) ;; # two alone would end the flags
    -*) line+=("$cur") ;;
  esac
  COMPREPLY=($(compgen -W "$("${line[@]}" ` + completionFlag + ` 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _chit_completion chit
`

const zshCompletion = `#compdef chit
_chit() {
  local -a line opts
  line=("${(@)words[1,CURRENT-1]}")
  case ${words[CURRENT]} in
    --) line+=(-) ;; # two alone would end the flags
    -*) line+=("${words[CURRENT]}") ;;
  esac
  opts=("${(@f)$(env 0=zsh "${line[@]}" ` + completionFlag + ` 2>/dev/null)}")
  if [[ -n ${opts[1]} ]]; then _describe 'chit' opts; else _files; fi
}
compdef _chit chit
`

const fishCompletion = `function __chit_words
    set -l line (commandline -opc)
    set -l current (commandline -ct)
    switch $current
        case --
            set -a line - # two alone would end the flags
        case '-*'
            set -a line $current
    end
    env 0=zsh $line ` + completionFlag + ` 2>/dev/null | string replace : \t
end
complete -c chit -f -n 'count (__chit_words) >/dev/null' -a '(__chit_words)'
`

// completions are the scripts. All ask this program what can stand next.
var completions = map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes chit's commands and flags",
		ArgsUsage: "bash|zsh|fish",
		Description: "bash: add `source <(chit completion bash)` to ~/.bashrc\n" +
			"zsh:  add `source <(chit completion zsh)` to ~/.zshrc\n" +
			"fish: chit completion fish >~/.config/fish/completions/chit.fish",
		Action: completion,
	}
}

func completion(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	script, known := completions[c.Args().First()]
	if !known {
		return fmt.Errorf("%w: no completion for %q; there are bash, zsh and fish", command.ErrUsage, c.Args().First())
	}
	_, err := fmt.Fprint(c.App.Writer, script)
	return err
}
