//! JSON, as far as this program reads it: its own files.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Truth(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no JSON from byte {at} on: expected {expected}")]
pub(crate) struct NotJson {
    at: usize,
    expected: &'static str,
}

impl Value {
    pub(crate) fn parse(text: &str) -> Result<Value, NotJson> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        if reader.at == text.len() {
            Ok(value)
        } else {
            Err(reader.expected("the end"))
        }
    }

    /// A member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.member(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        match self.member(name) {
            Some(Value::Number(digits)) => digits.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn list(&self, name: &str) -> &[Value] {
        match self.member(name) {
            Some(Value::List(values)) => values,
            _ => &[],
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, NotJson> {
        self.space();
        if depth > DEEPEST {
            return Err(self.expected("fewer values inside of each other"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number())),
            _ => {
                for (word, value) in [
                    ("null", Value::Null),
                    ("true", Value::Truth(true)),
                    ("false", Value::Truth(false)),
                ] {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.expected("a value"))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, NotJson> {
        let mut members = Vec::new();
        self.at += 1;
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a name in quotes"));
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return Err(self.expected("a colon"));
            }
            members.push((name, self.value(depth + 1)?));
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.takes(b',') {
                return Err(self.expected("a comma or a closing brace"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, NotJson> {
        let mut values = Vec::new();
        self.at += 1;
        if self.takes(b']') {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            if self.takes(b']') {
                return Ok(Value::List(values));
            }
            if !self.takes(b',') {
                return Err(self.expected("a comma or a closing bracket"));
            }
        }
    }

    fn number(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            .count();
        self.at += length;
        rest[..length].to_owned()
    }

    fn string(&mut self) -> Result<String, NotJson> {
        let mut read = String::new();
        self.at += 1;
        loop {
            let mut characters = self.text[self.at..].chars();
            let Some(character) = characters.next().filter(|character| !character.is_control()) else {
                return Err(self.expected("the closing quote"));
            };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(read),
                '\\' => read.push(self.escaped()?),
                other => read.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, NotJson> {
        let kind = self.peek();
        let plain = match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                let digits = self.text.get(self.at + 1..self.at + 5);
                let read = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let Some(read) = read.and_then(char::from_u32) else {
                    return Err(self.expected("four hexadecimal digits of a character"));
                };
                self.at += 5;
                return Ok(read);
            }
            _ => return Err(self.expected("a known escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> NotJson {
        NotJson {
            at: self.at,
            expected,
        }
    }
}

/// A file of ours has four levels.
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = r#" {"a":[1,-2.5,"x\n\u00e9\"" , true,null,{}],"port":8228,"b":[]} "#;
        let value = Value::parse(text).unwrap();
        assert_eq!(value.number::<u16>("port"), Some(8228));
        assert_eq!(value.number::<u16>("a"), None);
        assert_eq!(value.list("b"), []);
        let number = |digits: &str| Value::Number(digits.to_owned());
        let expected = [
            number("1"),
            number("-2.5"),
            Value::Text("x\né\"".to_owned()),
            Value::Truth(true),
            Value::Null,
            Value::Object(Vec::new()),
        ];
        assert_eq!(value.list("a"), expected);
    }

    #[test]
    fn what_is_no_json() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Value::parse(text).unwrap_err().to_string(), expected, "{text}");
        };
        check("", "no JSON from byte 0 on: expected a value");
        check("{\"a\" 1}", "no JSON from byte 5 on: expected a colon");
        check("{a:1}", "no JSON from byte 1 on: expected a name in quotes");
        check(
            "[1 2]",
            "no JSON from byte 3 on: expected a comma or a closing bracket",
        );
        check(
            "{\"a\":1",
            "no JSON from byte 6 on: expected a comma or a closing brace",
        );
        check("\"a", "no JSON from byte 2 on: expected the closing quote");
        check("\"\\x\"", "no JSON from byte 2 on: expected a known escape");
        check(
            "\"\\ud800\"",
            "no JSON from byte 2 on: expected four hexadecimal digits of a character",
        );
        check("1 1", "no JSON from byte 2 on: expected the end");
        check(
            &"[".repeat(1_000_000),
            "no JSON from byte 33 on: expected fewer values inside of each other",
        );
    }
}
