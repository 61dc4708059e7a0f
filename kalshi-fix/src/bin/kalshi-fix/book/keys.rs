//! The keys that are pressed.

use std::thread;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Next,
    Previous,
    /// From YES to NO, and back.
    Turn,
    /// The window has another size.
    Redraw,
    /// Nothing but that somebody is there.
    Other,
}

/// The keys that are pressed from now on. Reading them blocks, so that it is done on a thread of its own.
pub(super) fn keys() -> mpsc::Receiver<Key> {
    let (sender, receiver) = mpsc::channel(16);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let key = match event {
                Event::Key(key) if key.kind == KeyEventKind::Press => Some(meaning(key)),
                Event::Resize(..) => Some(Key::Redraw),
                _ => None,
            };
            if key.is_some_and(|key| sender.blocking_send(key).is_err()) {
                return;
            }
        }
    });
    receiver
}

fn meaning(key: KeyEvent) -> Key {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        // In raw mode it is a key like any other.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Quit,
        KeyCode::Tab | KeyCode::Right => Key::Next,
        KeyCode::BackTab | KeyCode::Left => Key::Previous,
        KeyCode::Char('n' | 'y') => Key::Turn,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_meaning() {
        let check = |code, modifiers, expected| {
            assert_eq!(meaning(KeyEvent::new(code, modifiers)), expected, "{code:?}");
        };
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        check(KeyCode::Char('q'), none, Key::Quit);
        check(KeyCode::Char('c'), control, Key::Quit);
        check(KeyCode::Char('c'), none, Key::Other);
        check(KeyCode::Tab, none, Key::Next);
        check(KeyCode::BackTab, KeyModifiers::SHIFT, Key::Previous);
        check(KeyCode::Char('n'), none, Key::Turn);
        check(KeyCode::Enter, none, Key::Other);
    }
}
