//! Golden files: what was made anew is compared with what stands; what differs is shown, and left
//! beside with the command that takes it over.
#![allow(dead_code, reason = "two tests share this, and each compares parts of its own")]

use std::path::{Path, PathBuf};

/// The line between what is decided and what people are told.
const MAIL: &str = "\nmail\n";

/// A folder of golden files, and the one for what differs.
pub struct Files {
    pub golden: PathBuf,
    pub new: PathBuf,
}

/// The part of a file that is compared; the rest belongs to another test and stays as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    Decision,
    Mail,
}

impl Files {
    /// What an earlier run left may be of something that is no more.
    pub fn forget(&self, folder: &str) {
        let _ = std::fs::remove_dir_all(self.new.join(folder));
    }

    /// Compares a text with its file; the difference, if there is one, after leaving the new file.
    pub fn compare(&self, name: &str, part: Part, new: &str) -> Option<String> {
        let file = format!("{name}.txt");
        let old = std::fs::read_to_string(self.golden.join(&file)).unwrap_or_default();
        let (decision, mail) = old.split_once(MAIL).unwrap_or((&old, ""));
        let (old, text) = match part {
            Part::Whole => (old.as_str(), new.to_owned()),
            Part::Decision => (decision, format!("{new}{MAIL}{mail}")),
            Part::Mail => (mail, format!("{decision}{MAIL}{new}")),
        };
        if old == new {
            return None;
        }
        let path = self.new.join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        Some(format!("{name}\n{}", difference(old, new)))
    }

    pub fn assert_none(&self, differences: &[String]) {
        let (golden, new) = (self.golden.display(), self.new.display());
        let shown = differences.join("\n");
        assert!(
            differences.is_empty(),
            "it is not what the files say:\n\n{shown}\nIf that is right: cp -r {new}/. {golden}/"
        );
    }

    /// The names of all files in the folders of a folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let root = self.golden.join(folder);
        let files = entries(&root).into_iter().flat_map(|folder| entries(&folder));
        let name = |file: PathBuf| {
            let name = file.strip_prefix(&root).unwrap().with_extension("");
            name.to_str().unwrap().to_owned()
        };
        files.map(name).collect()
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The lines in which two texts differ.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[before..], &new[before..]);
    let after = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let of = |sign: &str, lines: &[&str]| {
        let lines = lines[..lines.len() - after].iter();
        lines.fold(String::new(), |text, line| format!("{text}{sign} {line}\n"))
    };
    of("-", old) + &of("+", new)
}

#[test]
fn a_difference_is_shown_without_what_is_the_same() {
    assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "- b\n+ x\n+ y\n");
    assert_eq!(difference("", "a"), "+ a\n");
    assert_eq!(difference("a\na", "a"), "- a\n");
}
