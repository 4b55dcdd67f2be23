//! Reading an expression.

use super::{Expr, Literal, Op};

/// How deep parentheses may nest.
const DEPTH: u32 = 20;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Quoted(String),
}

/// Reads a whole expression; the error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Expr, String> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    let expr = reader.either(DEPTH)?;
    match reader.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        match first {
            '(' | ')' => {
                chars.next();
                tokens.push(if first == '(' { Token::Open } else { Token::Close });
            }
            '"' => {
                chars.next();
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => value.extend(chars.next()),
                        Some(other) => value.push(other),
                        None => return Err("a quotation mark is missing".to_owned()),
                    }
                }
                tokens.push(Token::Quoted(value));
            }
            space if space.is_whitespace() => {
                chars.next();
            }
            _ => {
                let mut word = String::new();
                while let Some(&next) = chars.peek() {
                    if next.is_whitespace() || matches!(next, '(' | ')' | '"') {
                        break;
                    }
                    word.push(next);
                    chars.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(there);
        there
    }

    fn either(&mut self, depth: u32) -> Result<Expr, String> {
        let mut expr = self.both(depth)?;
        while self.takes("or") {
            expr = Expr::Or(Box::new(expr), Box::new(self.both(depth)?));
        }
        Ok(expr)
    }

    fn both(&mut self, depth: u32) -> Result<Expr, String> {
        let mut expr = self.one(depth)?;
        while self.takes("and") {
            expr = Expr::And(Box::new(expr), Box::new(self.one(depth)?));
        }
        Ok(expr)
    }

    fn one(&mut self, depth: u32) -> Result<Expr, String> {
        let depth = depth.checked_sub(1).ok_or("too deep")?;
        if self.takes("not") {
            return Ok(Expr::Not(Box::new(self.one(depth)?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let expr = self.either(depth)?;
                match self.next() {
                    Some(Token::Close) => Ok(expr),
                    _ => Err("a parenthesis is missing".to_owned()),
                }
            }
            Some(Token::Word(path)) => self.comparison(path),
            Some(other) => Err(format!("unexpected {other:?}")),
            None => Err("the expression ends too early".to_owned()),
        }
    }

    fn comparison(&mut self, path: String) -> Result<Expr, String> {
        let Some(Token::Word(name)) = self.next() else {
            return Err(format!("an operator is missing after '{path}'"));
        };
        let op = match name.to_ascii_lowercase().as_str() {
            "pr" => return Ok(Expr::Present(path)),
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "sw" => Op::Sw,
            "ew" => Op::Ew,
            "co" => Op::Co,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return Err(format!("unrecognized attribute operator '{name}'")),
        };
        let value = match self.next() {
            Some(Token::Quoted(text)) => Literal::Text(text),
            Some(Token::Word(word)) => match (word.as_str(), word.parse()) {
                ("true", _) => Literal::Bool(true),
                ("false", _) => Literal::Bool(false),
                ("null", _) => Literal::Null,
                (_, Ok(number)) => Literal::Number(number),
                _ => return Err(format!("'{word}' is no value")),
            },
            _ => return Err(format!("a value is missing after '{path} {name}'")),
        };
        Ok(Expr::Compare { path, op, value })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn and_binds_closer_than_or() {
        let expr = parse(r#"a eq "1" or b pr and not (c gt 2)"#).unwrap();
        let Expr::Or(_, right) = expr else { panic!("{expr:?}") };
        assert!(matches!(*right, Expr::And(_, not) if matches!(*not, Expr::Not(_))));
    }

    #[test]
    fn values_are_texts_numbers_and_words() {
        let value = |text: &str| match parse(text).unwrap() {
            Expr::Compare { value, .. } => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(value(r#"a eq "q\"t\\""#), Literal::Text("q\"t\\".into()));
        assert_eq!(value("a eq -1.5"), Literal::Number(-1.5));
        assert_eq!(value("a EQ true"), Literal::Bool(true));
        assert_eq!(value("a eq null"), Literal::Null);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("{}a pr{}", "(".repeat(50), ")".repeat(50));
        for text in
            ["", "a", "a eq", "a zz 1", "a eq x", "(a pr", "a pr)", "a pr b pr", "a eq \"x", "and", "\"a\" eq 1", &deep]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
