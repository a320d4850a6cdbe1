//! JSON as programs write it, read in one pass: text without escapes, numbers without exponents. `None` is anything else, whether it is
//! JSON or not: whoever needs to know asks `serde_json`.

/// A place in a text.
pub(crate) struct Scan<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, place: 0 }
    }

    /// Hands over the name of each member of an object, before its value.
    pub(crate) fn members(&mut self, mut take: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.enclosed(b'{', b'}', |scan| {
            let name = scan.string()?;
            scan.pass(b':')?;
            take(scan, name)
        })
    }

    /// Stands before each element of an array when it calls.
    pub(crate) fn elements(&mut self, take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.enclosed(b'[', b']', take)
    }

    /// A string.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        /// Names are shorter than this.
        const SHORT: usize = 16;
        self.pass(b'"')?;
        let rest = &self.text.as_bytes()[self.place..];
        let is_text = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let mut length = rest.iter().take(SHORT).take_while(|byte| is_text(byte)).count();
        if length == SHORT {
            length += memchr::memchr2(b'"', b'\\', &rest[SHORT..])?;
            // Without a way out of the loop it takes many bytes at once.
            let least = rest[SHORT..length].iter().fold(u8::MAX, |least, byte| least.min(*byte));
            (least >= b' ').then_some(())?;
        }
        (*rest.get(length)? == b'"').then_some(())?;
        let string = &self.text[self.place..self.place + length];
        self.place += length + 1;
        Some(string)
    }

    /// A whole number, of so few digits that it fits.
    pub(crate) fn whole(&mut self) -> Option<i64> {
        let (is_negative, number, end) = self.digits()?;
        self.leave_number(end)?;
        let number = i64::try_from(number).ok()?;
        // -0 is a double.
        (number > 0 || !is_negative).then_some(if is_negative { -number } else { number })
    }

    /// The nearest double to a number.
    pub(crate) fn number(&mut self) -> Option<f64> {
        /// What is below is a number of 53 bits, and so is the power of ten: their quotient is the nearest there is.
        const EXACT: u64 = 1 << 53;
        let start = self.place_of_next();
        let (is_negative, mut mantissa, mut end) = self.digits()?;
        let bytes = self.text.as_bytes();
        let mut decimals = 0;
        if bytes.get(end) == Some(&b'.') {
            (mantissa, decimals) = leading_digits(&bytes[end + 1..], mantissa)?;
            end += 1 + decimals;
            (decimals > 0).then_some(())?;
        }
        self.leave_number(end)?;
        if mantissa < EXACT && decimals < POWERS_OF_TEN.len() {
            #[expect(clippy::cast_precision_loss, reason = "it has 53 bits at most")]
            let number = mantissa as f64 / POWERS_OF_TEN[decimals];
            return Some(if is_negative { -number } else { number });
        }
        self.text[start..end].parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&mut self) -> bool {
        self.place_of_next() == self.text.len()
    }

    fn enclosed(&mut self, open: u8, close: u8, mut take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.pass(open)?;
        let next = self.place_of_next();
        if *self.text.as_bytes().get(next)? == close {
            return self.pass(close);
        }
        loop {
            take(self)?;
            match self.sign()? {
                b',' => {}
                sign => return (sign == close).then_some(()),
            }
        }
    }

    /// Whether there is a minus, the digits behind it as a number, and where they end.
    fn digits(&mut self) -> Option<(bool, u64, usize)> {
        let start = self.place_of_next();
        let bytes = self.text.as_bytes();
        let is_negative = bytes.get(start) == Some(&b'-');
        let start = start + usize::from(is_negative);
        let (number, count) = leading_digits(&bytes[start..], 0)?;
        let has_zeros_before = count > 1 && bytes[start] == b'0';
        (count > 0 && !has_zeros_before).then_some((is_negative, number, start + count))
    }

    /// Goes on behind a number, if it is over.
    fn leave_number(&mut self, end: usize) -> Option<()> {
        self.place = end;
        let goes_on = matches!(self.text.as_bytes().get(end), Some(b'.' | b'e' | b'E'));
        (!goes_on).then_some(())
    }

    /// Passes blanks.
    fn place_of_next(&mut self) -> usize {
        while matches!(self.text.as_bytes().get(self.place), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.place += 1;
        }
        self.place
    }

    /// The next byte that is no blank.
    fn sign(&mut self) -> Option<u8> {
        let next = self.place_of_next();
        let sign = *self.text.as_bytes().get(next)?;
        // A longer letter stands in strings only, and the place is never in the middle of one.
        sign.is_ascii().then_some(())?;
        self.place += 1;
        Some(sign)
    }

    fn pass(&mut self, sign: u8) -> Option<()> {
        (self.sign()? == sign).then_some(())
    }
}

/// Those that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The digits at the beginning, read behind those that `before` is made of, and how many they are; none if that is more than fits.
fn leading_digits(bytes: &[u8], before: u64) -> Option<(u64, usize)> {
    let mut number = before;
    for (place, byte) in bytes.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Some((number, place));
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some((number, bytes.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads any value, and says so if it can.
    fn pass(scan: &mut Scan<'_>) -> Option<()> {
        match scan.text.as_bytes().get(scan.place_of_next())? {
            b'{' => scan.members(|scan, _| pass(scan)),
            b'[' => scan.elements(pass),
            b'"' => scan.string().map(|_| ()),
            _ => scan.number().map(|_| ()),
        }
    }

    fn is_read(text: &str) -> bool {
        let mut scan = Scan::new(text);
        pass(&mut scan).is_some() && scan.is_over()
    }

    #[test]
    fn json_without_escapes_exponents_and_words_is_read() {
        for text in [
            "{}",
            "[]",
            " [ 1 , -2.5 ] ",
            "{\"a\":{\"é\":[\"ü€😀\",\"a string of more than sixteen bytes\"]}}",
            "0",
            "-0.0",
            "\"\"",
        ] {
            assert!(is_read(text), "{text}");
        }
        let long = "x".repeat(40);
        for text in [
            "", "1e5", "01", "1.", ".5", "-", "+1", "null", "\"\\n\"", "\"\n\"", "[1,]", "[1 2]", "{\"a\"}", "{1:2}",
            "[", "[]]", "é",
        ] {
            assert!(!is_read(text), "{text}");
        }
        for end in ["\\n\"", "\u{1}\"", ""] {
            assert!(!is_read(&format!("\"{long}{end}")), "{end:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_json(text in "[\\[\\]{},: \"a0-9.é-]{0,24}|\\PC{0,12}") {
            prop_assert!(!is_read(&text) || serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn any_number_is_the_nearest_double(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,25})?") {
            if let Some(number) = Scan::new(&text).number() {
                prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
            if let Some(number) = Scan::new(&text).whole() {
                prop_assert_eq!(Ok(number), text.parse::<i64>());
            }
        }
    }
}
