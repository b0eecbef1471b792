"""`tickertape completion`: a script that completes subcommands and options, made from their parsers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  eval "$(tickertape completion bash)"                                        # in ~/.bashrc
  tickertape completion zsh > "${fpath[1]}/_tickertape"
  tickertape completion fish > ~/.config/fish/completions/tickertape.fish"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `completion`."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    # Not at the top: main imports this module by its table.
    from tickertape.cli import main  # noqa: PLC0415

    commands = {name: main.parser_of(name, main.load(name)) for name in main.COMMANDS}
    helps = {name: command.help for name, command in main.COMMANDS.items()}
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell]
    sys.stdout.write(write(commands, helps))
    return 0


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]  # noqa: SLF001  # argparse has no other way


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """Every option, and the choices of arguments without a name."""
    words = [word for action in _options(parser) for word in action.option_strings]
    for action in parser._actions:  # noqa: SLF001
        if not action.option_strings and action.choices:
            words += map(str, action.choices)
    return words


def _choices(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """The choices of each option that has some."""
    return {
        word: list(map(str, action.choices))
        for action in _options(parser)
        if action.choices
        for word in action.option_strings
    }


def _bash(commands: dict[str, argparse.ArgumentParser], _helps: dict[str, str]) -> str:
    cases = []
    for name, parser in commands.items():
        values = [
            f"        {word}) COMPREPLY=($(compgen -W '{' '.join(choices)}' -- \"$word\")); return ;;\n"
            for word, choices in _choices(parser).items()
        ]
        chosen = f'      case "$before" in\n{"".join(values)}      esac\n' if values else ""
        cases.append(f"    {name})\n{chosen}      words='{' '.join(_words(parser))}' ;;\n")
    return f"""# bash completion of tickertape; made by `tickertape completion bash`
_tickertape() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{" ".join(commands)} --help --version' -- "$word"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{"".join(cases)}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _tickertape tickertape
"""


def _zsh(commands: dict[str, argparse.ArgumentParser], helps: dict[str, str]) -> str:
    listed = "\n".join(f"    {_quoted(f'{name}:{helps[name]}')}" for name in commands)
    cases = []
    for name, parser in commands.items():
        specs = []
        for action in _options(parser):
            value = ""
            if action.choices:
                value = f":value:({' '.join(map(str, action.choices))})"
            elif action.nargs != 0:
                value = f":{action.dest}:_files"
            note = _note(action).replace("[", "(").replace("]", ")").replace(":", " -")
            specs += [_quoted(f"{word}[{note}]{value}") for word in action.option_strings]
        positional = [a.choices for a in parser._actions if not a.option_strings and a.choices]  # noqa: SLF001
        rest = f"*:value:({' '.join(map(str, positional[0]))})" if positional else "*:file:_files"
        cases.append(f"    {name}) _arguments {' '.join(specs)} {_quoted(rest)} ;;\n")
    return f"""#compdef tickertape
# zsh completion of tickertape; made by `tickertape completion zsh`
_tickertape() {{
  local -a commands
  commands=(
{listed}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{"".join(cases)}  esac
}}
compdef _tickertape tickertape
"""


def _fish(commands: dict[str, argparse.ArgumentParser], helps: dict[str, str]) -> str:
    lines = ["# fish completion of tickertape; made by `tickertape completion fish`"]
    for name, parser in commands.items():
        lines.append(
            f"complete -c tickertape -n __fish_use_subcommand -f -a {name} -d {_quoted(helps[name])}"
        )
        when = f"-n '__fish_seen_subcommand_from {name}'"
        for action in _options(parser):
            forms = [f"-s {w[1:]}" if len(w) == 2 else f"-l {w[2:]}" for w in action.option_strings]
            value = f" -x -a {_quoted(' '.join(map(str, action.choices)))}" if action.choices else ""
            if not value and action.nargs != 0:
                value = " -r"
            lines.append(
                f"complete -c tickertape {when} {' '.join(forms)}{value} -d {_quoted(_note(action))}"
            )
        lines += [
            f"complete -c tickertape {when} -f -a {_quoted(' '.join(map(str, action.choices)))}"
            for action in parser._actions  # noqa: SLF001
            if not action.option_strings and action.choices
        ]
    return "\n".join(lines) + "\n"


def _note(action: argparse.Action) -> str:
    """The help of an option, without what argparse fills in."""
    return (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
