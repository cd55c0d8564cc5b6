//! `handclasp completions` and `handclasp man`: what shells and `man` know of the command line, made from its definition.

use super::{
    Cli,
    failure::{Done, Failure},
};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::{fs, io, path::PathBuf};

const PROGRAM: &str = "handclasp";

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = "bash: handclasp completions bash > ~/.local/share/bash-completion/completions/handclasp\n\
                        zsh:  handclasp completions zsh > ~/.zfunc/_handclasp, with ~/.zfunc in fpath\n\
                        fish: handclasp completions fish > ~/.config/fish/completions/handclasp.fish\n\
                        The Debian package has them in place.")]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Write the manual pages into a directory.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where they are written to; made when it is not there.
    to: PathBuf,
}

/// Prints the completions.
pub fn run(args: &CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    match io::Write::write_all(&mut io::stdout(), &script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes the manual: a page for each command.
pub fn run_man(args: &ManArgs) -> Done {
    let written = fs::create_dir_all(&args.to).and_then(|()| clap_mangen::generate_to(Cli::command(), &args.to));
    written.map_err(|error| Failure::fault(format!("cannot write into {}: {error}", args.to.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The commands that are shown, at every depth: "handclasp-keys-rotate".
    fn pages(command: &clap::Command, name: &str, found: &mut BTreeSet<String>) {
        found.insert(format!("{name}.1"));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            pages(sub, &format!("{name}-{}", sub.get_name()), found);
        }
    }

    #[test]
    fn every_command_has_a_page_and_hidden_ones_have_none() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let to = dir.path().join("man1");
        run_man(&ManArgs { to: to.clone() }).expect("written");
        let written: BTreeSet<String> = fs::read_dir(&to)
            .expect("made")
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        let mut wanted = BTreeSet::new();
        pages(&Cli::command(), PROGRAM, &mut wanted);
        assert_eq!(written, wanted);
        let page = fs::read_to_string(to.join("handclasp-keys-rotate.1")).expect("a page");
        assert!(page.contains("\n.SH SYNOPSIS\n") && page.contains("identity"), "{page}");
    }

    #[test]
    fn each_shell_learns_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
            let script = String::from_utf8(script).expect("text");
            for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
