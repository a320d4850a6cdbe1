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

    /// Hands over the name of each member of an object, before its value. Names that stand in this order are found fastest.
    pub(crate) fn members(
        &mut self,
        in_order: &[&'static str],
        mut take: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        let mut next = 0;
        self.enclosed(b'{', b'}', |scan| {
            if let Some(name) = in_order.get(next)
                && scan.pass_name(name)
            {
                next += 1;
                return take(scan, name);
            }
            let name = scan.string()?;
            scan.pass(b':')?;
            if let Some(place) = in_order.iter().position(|known| *known == name) {
                next = place + 1;
            }
            take(scan, name)
        })
    }

    /// Stands before each element of an array when it calls.
    pub(crate) fn elements(&mut self, take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.enclosed(b'[', b']', take)
    }

    /// A string.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        self.pass(b'"')?;
        let rest = &self.text[self.place..];
        let length = memchr::memchr2(b'"', b'\\', rest.as_bytes())?;
        let string = &rest[..length];
        self.place += length + 1;
        (rest.as_bytes()[length] == b'"' && !has_controls(string.as_bytes())).then_some(string)
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

    /// Whether the next is a member of that name; then it stands before the value.
    fn pass_name(&mut self, name: &str) -> bool {
        let start = self.place_of_next() + 1;
        let end = start + name.len();
        let bytes = self.text.as_bytes();
        let is_it = bytes.get(start..end) == Some(name.as_bytes())
            && bytes[start - 1] == b'"'
            && bytes.get(end..end + 2) == Some(br#"":"#);
        if is_it {
            self.place = end + 2;
        }
        is_it
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

/// Whether there are bytes that JSON has in no string; eight at a time.
fn has_controls(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    // The lowest byte below 32 sets its highest bit. What it borrows may set others, but without one none is set.
    let found = words.iter().fold(0, |found, word| {
        let word = u64::from_le_bytes(*word);
        found | (word.wrapping_sub(0x2020_2020_2020_2020) & !word & 0x8080_8080_8080_8080)
    });
    found != 0 || rest.iter().any(|byte| *byte < b' ')
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
            b'{' => scan.members(&["a", "a9"], |scan, _| pass(scan)),
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
        fn controls_are_found_wherever_they_stand(bytes in proptest::collection::vec(prop_oneof![20 => 28_u8.., 1 => any::<u8>()], 0..40)) {
            prop_assert_eq!(has_controls(&bytes), bytes.iter().any(|byte| *byte < b' '));
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
