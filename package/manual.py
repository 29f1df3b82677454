#!/usr/bin/python3
"""Makes the man page and the completions of bash, zsh and fish of what `bmsd --help` says.

  package/manual.py --out FOLDER build/release/bmsd     a command in front of it (qemu-arm-static) is welcome

Writes bmsd.1, bmsd.bash, _bmsd and bmsd.fish into FOLDER. What the help does not know (files, signals, examples) stands in bmsd.1.in.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


# --- What the help says

@dataclasses.dataclass
class Option:
    names: list         # --config; of a positional its name alone
    value: str = ""     # as in the help: TEXT, INT ...; empty for a flag
    choices: list = dataclasses.field(default_factory=list)
    text: str = ""

    @property
    def long(self):
        return self.names[-1]


@dataclasses.dataclass
class Command:
    name: str
    summary: str = ""
    usage: str = ""
    positionals: list = dataclasses.field(default_factory=list)
    options: list = dataclasses.field(default_factory=list)
    commands: list = dataclasses.field(default_factory=list)
    footer: str = ""


def parse_option(head, text):
    names, _, rest = head.partition(" ")
    choices = re.search(r"\{([^}]*)\}", rest)
    value = re.match(r"[A-Z]+", rest)
    return Option(names.split(","), value.group() if value else "", choices.group(1).split(",") if choices else [], text)


def parse_entries(lines):
    """(head, text) of each entry; a head that is too long for its column has its text on the next line."""
    entries = []
    for line in lines:
        if re.match(r"  \S", line):
            head, _, text = line.strip().partition("  ") if len(line) > 30 and line[29] == " " else (line.strip(), "", "")
            entries.append([head.strip(), text.strip()])
        elif line.strip() and entries:
            entries[-1][1] = (entries[-1][1] + " " + line.strip()).strip()
    return entries


def parse_help(name, text):
    command = Command(name)
    blocks = text.strip("\n").split("\n\n")
    for block in blocks:
        lines = block.splitlines()
        if lines[0] == "Positionals:":
            command.positionals = [parse_option(*entry) for entry in parse_entries(lines[1:])]
        elif lines[0] == "Options:":
            command.options = [parse_option(*entry) for entry in parse_entries(lines[1:])]
        elif lines[0] == "Subcommands:":
            command.commands = [Command(head, text) for head, text in parse_entries(lines[1:])]
        elif not command.usage:
            command.summary = " ".join(line for line in lines if not line.startswith("Usage: "))
            command.usage = next(line[len("Usage: "):] for line in lines if line.startswith("Usage: "))
        else:
            command.footer += ("\n\n" if command.footer else "") + block
    return command


def ask(program, *arguments):
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=True).stdout


def read_program(program):
    whole = parse_help("bmsd", ask(program, "--help"))
    for command in whole.commands:
        known = parse_help(command.name, ask(program, command.name, "--help"))
        command.usage, command.positionals, command.options, command.footer = known.usage, known.positionals, known.options, known.footer
    return whole, [entry["name"] for entry in json.loads(ask(program, "list", "--json"))]


# --- The man page

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.splitlines())


def roff_entry(option):
    head = ", ".join(f"\\fB{roff(name)}\\fR" for name in option.names)
    if option.choices:
        head += " " + "|".join(f"\\fB{roff(choice)}\\fR" for choice in option.choices)
    elif option.value and option.names[0].startswith("-"):
        head += f" \\fI{option.value}\\fR"
    return f".TP\n{head}\n{roff(option.text) or '.br'}"


def roff_command(command):
    lines = [f'.SS "{roff(command.usage)}"', roff(command.summary)]
    lines += [roff_entry(option) for option in command.positionals + command.options if "--help" not in option.names]
    if command.footer:
        lines += [".PP", ".nf", roff(command.footer), ".fi"]
    return "\n".join(lines)


def man_page(whole, version):
    page = (HERE / "bmsd.1.in").read_text()
    options = "\n".join(roff_entry(option) for option in whole.options)
    commands = "\n".join(roff_command(command) for command in whole.commands)
    return page.replace("@VERSION@", version).replace("@OPTIONS@", options).replace("@COMMANDS@", commands)


# --- The completions

def values_of(command, option, protocols):
    """The words that an option or a positional takes, or what kind of thing: file, port, folder."""
    if option.choices:
        return option.choices
    if option.long in ("--protocol", "PROTOCOL"):
        return protocols
    if option.long == "PORT" or (option.long == "--port" and command.name == "simulate"):
        return "port"
    if option.long == "--bus":
        return ["system", "session", "none"] if command.name == "run" else ["system", "session"]
    if option.long in ("--address", "--baud", "--interval", "BATTERY", "FRAME") or option.value in ("INT", "UINT", "FLOAT"):
        return []
    return "file"


def positional_of(command, protocols):
    found = [values_of(command, option, protocols) for option in command.positionals]
    return found[0] if found else []


def names_of(command):
    return [name for option in command.options for name in option.names]


def bash_reply(values):
    if values == "file":
        return 'mapfile -t COMPREPLY < <(compgen -f -- "$word"); compopt -o filenames 2>/dev/null'
    if values == "port":
        return 'mapfile -t COMPREPLY < <(compgen -W "$(compgen -G "/dev/tty[UA][SMC][BMA]*") $(compgen -G "/dev/serial/by-id/*")" -- "$word")'
    return f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(values)}" -- "$word")' if values else "COMPREPLY=()"


def bash(whole, protocols):
    lines = ["# Completion of bash for bmsd; made of its --help.", "_bmsd() {",
             "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]:-}",
             "  COMPREPLY=()",
             "  if [[ $COMP_CWORD -eq 1 ]]; then",
             f"    {bash_reply([command.name for command in whole.commands] + names_of(whole))}",
             "    return", "  fi", '  case "$command $before" in']
    for command in whole.commands:
        for option in command.options:
            if option.value or option.choices:
                pattern = " | ".join(f'"{command.name} {name}"' for name in option.names)
                lines += [f"    {pattern})", f"      {bash_reply(values_of(command, option, protocols))}", "      return", "      ;;"]
    lines += ["  esac", '  case "$command" in']
    for command in whole.commands:
        lines += [f"    {command.name})", '      if [[ $word == -* ]]; then', f"        {bash_reply(names_of(command))}", "      else",
                  f"        {bash_reply(positional_of(command, protocols))}", "      fi", "      ;;"]
    return "\n".join([*lines, "  esac", "}", "complete -F _bmsd bmsd", ""])


def zsh_text(text):
    return re.sub(r"(['\[\]:\\`$\"])", lambda found: {"'": "’", "[": "(", "]": ")", ":": ";"}.get(found.group(), ""), text)


def zsh_values(values):
    if values == "file":
        return "_files"
    if values == "port":
        return "_files -g '/dev/(tty(USB|ACM|AMA)|serial/by-id/)*(-%)'".replace("'", "\"")
    return f"({' '.join(values)})" if values else " "


def zsh(whole, protocols):
    lines = ["#compdef bmsd", "# Completion of zsh for bmsd; made of its --help.", "_bmsd() {", "  local -a commands", "  commands=("]
    lines += [f"    '{command.name}:{zsh_text(command.summary)}'" for command in whole.commands]
    lines += ["  )", "  if (( CURRENT == 2 )); then", "    _describe command commands"]
    whole_options = " ".join(f"'{name}[{zsh_text(option.text)}]'" for option in whole.options for name in option.names)
    lines += [f"    _arguments {whole_options}", "    return", "  fi", "  local command=${words[2]}", "  shift words", "  (( CURRENT-- ))",
              "  case $command in"]
    for command in whole.commands:
        lines += [f"    {command.name})", "      _arguments \\"]
        for option in command.options:
            value = f":{option.value.lower() or 'value'}:{zsh_values(values_of(command, option, protocols))}" if option.value or option.choices else ""
            lines += [f"        '*{name}[{zsh_text(option.text)}]{value}' \\" for name in option.names]
        lines += [f"        '*:{zsh_text(option.long.lower())}:{zsh_values(values_of(command, option, protocols))}' \\"
                  for option in command.positionals[:1]]
        lines += ["        && return", "      ;;"]
    return "\n".join([*lines, "  esac", "}", '_bmsd "$@"', ""])


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(whole, protocols):
    lines = ["# Completion of fish for bmsd; made of its --help.", "complete -c bmsd -f"]
    names = " ".join(command.name for command in whole.commands)
    first = f"-n {fish_quoted(f'not __fish_seen_subcommand_from {names}')}"
    for option in whole.options:
        lines.append(f"complete -c bmsd {first} {fish_names(option)} -d {fish_quoted(option.text)}")
    for command in whole.commands:
        lines.append(f"complete -c bmsd {first} -a {command.name} -d {fish_quoted(command.summary)}")
        here = f"-n {fish_quoted('__fish_seen_subcommand_from ' + command.name)}"
        for option in command.options:
            value = fish_values(values_of(command, option, protocols), " -r") if option.value or option.choices else ""
            lines.append(f"complete -c bmsd {here} {fish_names(option)}{value} -d {fish_quoted(option.text)}")
        lines += [f"complete -c bmsd {here}{fish_values(values_of(command, option, protocols), '')}" for option in command.positionals[:1]
                  if values_of(command, option, protocols)]
    return "\n".join([*lines, ""])


def fish_names(option):
    return " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)


def fish_values(values, required):
    if values == "file":
        return f"{required} -F"
    if values == "port":
        return f"{required} -a '(path filter -- /dev/ttyUSB* /dev/ttyACM* /dev/ttyAMA* /dev/serial/by-id/* 2>/dev/null)'"
    return f"{required} -a {fish_quoted(' '.join(values))}" if values else required


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for bmsd.1, bmsd.bash, _bmsd and bmsd.fish")
    parser.add_argument("program", nargs="+", help="bmsd, and what it is to be run with")
    arguments = parser.parse_args()
    whole, protocols = read_program(arguments.program)
    version = ask(arguments.program, "--version").split()[1]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, text in {"bmsd.1": man_page(whole, version), "bmsd.bash": bash(whole, protocols), "_bmsd": zsh(whole, protocols),
                       "bmsd.fish": fish(whole, protocols)}.items():
        (arguments.out / name).write_text(text)


if __name__ == "__main__":
    main()
