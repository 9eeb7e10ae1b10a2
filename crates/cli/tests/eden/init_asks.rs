//! `eden init` in a terminal: every question, an answer that will not do, and a file that is there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use eden_lab::world::ApiKind;

use crate::init::{Ground, add_others};

/// A command in a terminal, which util-linux's `script` makes.
struct Terminal {
    running: Child,
    screen: ChildStdout,
    shown: String,
}

impl Terminal {
    fn open(ground: &Ground, arguments: &[&str]) -> Self {
        let command = ground.command(arguments);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.env("TERM", "dumb").env("SHELL", "/bin/sh");
        if let Some(folder) = command.get_current_dir() {
            script.current_dir(folder);
        }
        let mut running = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let screen = running.stdout.take().unwrap();
        Terminal { running, screen, shown: String::new() }
    }

    /// Waits for this text; what came before it is not looked at again.
    fn until(&mut self, text: &str) {
        loop {
            if let Some(at) = self.shown.find(text) {
                self.shown.drain(..at + text.len());
                return;
            }
            let mut more = [0; 4096];
            let read = self.screen.read(&mut more).unwrap();
            assert!(read > 0, "{text:?} did not come: {}", self.shown);
            self.shown += &String::from_utf8_lossy(&more[..read]);
        }
    }

    fn answer(&mut self, keys: &str) {
        self.running.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for each text and answers it.
    fn converse(&mut self, answers: &[(&str, &str)]) {
        for (text, answer) in answers {
            self.until(text);
            self.answer(&format!("{answer}\n"));
        }
    }

    /// What it said at the end, and how it ended.
    fn end(mut self) -> (String, ExitStatus) {
        let mut rest = Vec::new();
        self.screen.read_to_end(&mut rest).unwrap();
        (self.shown + &String::from_utf8_lossy(&rest), self.running.wait().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_questions_are_asked_and_enter_takes_what_is_proposed() {
    // Given two services and two APIs, and a file that says another port
    let ground = Ground::new(230, ApiKind::Http).await;
    ground.change(add_others);
    let file = "[default.global.parameters]\nstack_name = \"mine\"\n\
                parameter_overrides = \"BackendPort=\\\"9000\\\" LogLevel=\\\"debug\\\"\"\n";
    fs::write(ground.folder.join("eden.toml"), file).unwrap();
    let (said, status) = tokio::task::block_in_place(|| {
        // When
        let mut terminal = Terminal::open(&ground, &[]);
        terminal.converse(&[
            ("Which service shall Eden guard?", ""),
            ("Which API leads to it?", "3"),
            ("\"3\" is not a number from 1 to 2", "1"),
            ("On which port do its tasks answer?", "70000"),
            ("\"70000\" is not", "8000"),
            ("answer well?", ""),
            ("Which e-mail address", "ops@example.com"),
            ("Replace it? [y/N]", "y"),
        ]);
        terminal.end()
    });
    // Then
    assert!(status.success(), "{status:?}: {said}");
    assert!(said.contains("sam build --config-file eden.toml"), "{said}");
    let file = ground.file().unwrap();
    for part in ["stack_name = \"mine\"", "LogLevel=\\\"debug\\\"", "/health", "ops@example.com"] {
        assert!(file.contains(part), "{part}: {file}");
    }
    assert!(file.contains("BackendPort=\\\"8000\\\""), "SAM would keep the stack's 9000: {file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_stays_when_that_is_wanted_or_nobody_answers_any_more() {
    let ground = Ground::new(231, ApiKind::Http).await;
    let file = "# mine\n[default.global.parameters]\nstack_name = \"mine\"\n";
    fs::write(ground.folder.join("eden.toml"), file).unwrap();
    tokio::task::block_in_place(|| {
        // When it is not to be replaced
        let mut terminal = Terminal::open(&ground, &["--health-path", "none"]);
        terminal.converse(&[("Which e-mail", ""), ("Replace it? [y/N]", "")]);
        let (said, status) = terminal.end();
        // Then
        assert!(status.code() == Some(1), "{status:?}: {said}");
        assert!(said.contains("Nothing was written"), "{said}");
        // When the terminal says that there is no more (Ctrl-D)
        let mut terminal = Terminal::open(&ground, &["--health-path", "none"]);
        terminal.until("Which e-mail");
        terminal.answer("\u{4}");
        let (said, status) = terminal.end();
        // Then
        assert!(status.code() == Some(2), "{status:?}: {said}");
        assert!(said.contains("there was no answer"), "{said}");
    });
    assert_eq!(ground.file().as_deref(), Some(file));
}
