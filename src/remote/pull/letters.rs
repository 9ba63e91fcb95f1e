//! Scripts: which letters stand for the letters of a text.

/// Letters of one script, in the order of their code points. They stand for all characters from the first on, up to the next
/// script's first: so whoever compares texts by code point sees the same order of scripts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) from: char,
    pub(super) letters: &'static [char],
    kind: ScriptKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScriptKind {
    /// Signs between words: they are not drawn within a text.
    Signs,
    /// Letters that make words.
    Letters,
    /// Pictures, each a word.
    Pictures,
}

impl Script {
    /// How long a word is, from and to.
    pub(super) fn word(&self) -> (usize, usize) {
        match self.kind {
            ScriptKind::Letters => (4, 9),
            ScriptKind::Signs | ScriptKind::Pictures => (1, 1),
        }
    }
}

macro_rules! scripts {
    ($( $from:literal $kind:ident [ $($letter:literal)+ ] )+) => {
        /// All of them, the lowest first.
        pub(super) static SCRIPTS: &[Script] = &[
            $( Script { from: $from, letters: &[$($letter),+], kind: ScriptKind::$kind }, )+
        ];
    };
}

scripts! {
    '\0' Signs ['!' '#' '$' '%' '&' '(' ')' '+' '-' '.']
    '0' Letters ['0' '1' '2' '3' '4' '5' '6' '7' '8' '9']
    ':' Signs [':' ';' '=' '?' '@']
    '[' Signs ['[' ']' '^' '_']
    'a' Letters ['a' 'b' 'c' 'd' 'e' 'f' 'g' 'h' 'i' 'j' 'k' 'l' 'm' 'n' 'o' 'p' 'q' 'r' 's' 't' 'u' 'v' 'w' 'x' 'y' 'z']
    '{' Signs ['{' '|' '}' '~']
    '\u{80}' Signs ['¡' '¢' '£' '¤' '¥' '¦' '§' '©' '«' '¬']
    'ß' Letters ['à' 'á' 'â' 'ã' 'ä' 'å' 'ç' 'è' 'é' 'ê' 'ë' 'ì' 'í' 'î' 'ï' 'ñ' 'ò' 'ó' 'ô' 'õ' 'ö' 'ù' 'ú' 'û' 'ü']
    '\u{100}' Letters ['ā' 'ă' 'ą' 'ć' 'ĉ' 'č' 'ď' 'ē' 'ĕ' 'ė' 'ę' 'ě' 'ĝ' 'ğ']
    '\u{370}' Letters ['α' 'β' 'γ' 'δ' 'ε' 'ζ' 'η' 'θ' 'ι' 'κ' 'λ' 'μ' 'ν' 'ξ' 'ο' 'π' 'ρ' 'σ' 'τ' 'υ' 'φ' 'χ' 'ψ' 'ω']
    '\u{400}' Letters ['а' 'б' 'в' 'г' 'д' 'е' 'ж' 'з' 'и' 'к' 'л' 'м' 'н' 'о' 'п' 'р' 'с' 'т' 'у' 'ф' 'х' 'ц' 'ч' 'ш' 'э' 'ю' 'я']
    '\u{530}' Letters ['ա' 'բ' 'գ' 'դ' 'ե' 'զ' 'է' 'ը' 'թ' 'ժ' 'ի' 'լ']
    '\u{590}' Letters ['א' 'ב' 'ג' 'ד' 'ה' 'ו' 'ז' 'ח' 'ט' 'י' 'ל' 'מ' 'נ' 'ס' 'ע' 'פ' 'צ' 'ק' 'ר' 'ש' 'ת']
    '\u{600}' Letters ['ا' 'ب' 'ت' 'ث' 'ج' 'ح' 'خ' 'د' 'ذ' 'ر' 'ز' 'س' 'ش' 'ص' 'ض' 'ط' 'ظ' 'ع' 'غ' 'ف' 'ق' 'ك' 'ل' 'م' 'ن' 'ه' 'و' 'ي']
    '\u{900}' Letters ['अ' 'आ' 'इ' 'ई' 'उ' 'ऊ' 'ए' 'ऐ' 'ओ' 'औ' 'क' 'ख' 'ग' 'घ' 'च' 'छ' 'ज']
    '\u{980}' Letters ['অ' 'আ' 'ই' 'ঈ' 'উ' 'ঊ' 'এ' 'ঐ' 'ও' 'ঔ' 'ক' 'খ' 'গ']
    '\u{b80}' Letters ['அ' 'ஆ' 'இ' 'ஈ' 'உ' 'ஊ' 'எ' 'ஏ' 'ஐ' 'ஒ' 'ஓ' 'க' 'ங' 'ச']
    '\u{e00}' Letters ['ก' 'ข' 'ค' 'ฆ' 'ง' 'จ' 'ฉ' 'ช' 'ซ' 'ฌ' 'ญ' 'ด' 'ต' 'ถ' 'ท' 'ธ' 'น' 'บ']
    '\u{1200}' Letters ['ሀ' 'ሁ' 'ሂ' 'ሃ' 'ሄ' 'ህ' 'ሆ' 'ለ' 'ሉ' 'ሊ' 'ላ' 'ሌ']
    '\u{1e00}' Letters ['ạ' 'ả' 'ấ' 'ầ' 'ẩ' 'ẫ' 'ậ' 'ắ' 'ằ' 'ẳ' 'ẵ' 'ặ']
    '\u{2000}' Pictures ['†' '‡' '‰' '※' '€' '№' '™' '←' '↑' '→' '↓' '∆' '∞' '■' '▲' '◆' '●']
    '\u{2600}' Pictures ['☀' '☁' '☂' '☃' '★' '☆' '☎' '☕' '☺' '♠' '♣' '♥' '♦' '✂' '✈' '✔']
    '\u{3040}' Letters ['あ' 'い' 'う' 'え' 'お' 'か' 'き' 'く' 'け' 'こ' 'さ' 'し' 'す' 'せ' 'そ' 'た' 'ち' 'つ']
    '\u{30a0}' Letters ['ア' 'イ' 'ウ' 'エ' 'オ' 'カ' 'キ' 'ク' 'ケ' 'コ' 'サ' 'シ' 'ス' 'セ' 'ソ' 'タ' 'チ']
    '\u{3400}' Letters ['一' '三' '上' '中' '人' '今' '元' '入' '公' '再' '出' '分' '前' '力' '北' '十' '千' '南' '友' '口' '古' '可' '台']
    '\u{ac00}' Letters ['가' '나' '다' '라' '마' '바' '사' '아' '자' '차' '카' '타' '파' '하']
    '\u{ff00}' Letters ['ａ' 'ｂ' 'ｃ' 'ｄ' 'ｅ' 'ｆ' 'ｇ' 'ｈ' 'ｉ' 'ｊ' 'ｋ' 'ｌ']
    '\u{1f000}' Pictures ['🌀' '🌈' '🌍' '🌙' '🌱' '🌲' '🌳' '🌴' '🌵' '🌷' '🌸' '🍀' '🍁' '🍇' '🍎']
}

/// The script of a character, by its lower case.
pub(super) fn script_of(c: char) -> &'static Script {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let after = SCRIPTS.partition_point(|script| script.from <= lower);
    &SCRIPTS[after.saturating_sub(1)]
}

/// The digits.
pub(super) static DIGITS: &[char] = SCRIPTS[1].letters;
/// The letters of ASCII.
pub(super) static LATIN: &[char] = SCRIPTS[4].letters;
/// The digits of hexadecimal numbers.
pub(super) static HEX: &[char] = &[
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// The scripts that a text has words in, in the order in which they come; that of its first character if it has none.
pub(super) fn scripts_in(text: &str) -> Vec<&'static Script> {
    let mut found: Vec<&'static Script> = Vec::new();
    for c in text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
    {
        let script = script_of(c);
        if script.kind != ScriptKind::Signs && !found.contains(&script) {
            found.push(script);
        }
    }
    if found.is_empty() {
        found.push(text.chars().next().map_or(&SCRIPTS[4], script_of));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_in_the_order_of_their_code_points_and_of_their_script() {
        assert!(SCRIPTS.is_sorted_by(|a, b| a.from < b.from));
        for script in SCRIPTS {
            assert!(script.letters.is_sorted_by(|a, b| a < b), "{script:?}");
            for letter in script.letters {
                assert_eq!(script_of(*letter), script, "{letter}");
                assert!(
                    letter.to_lowercase().eq([*letter]),
                    "{letter} is in lower case"
                );
            }
        }
        assert_eq!((DIGITS[0], LATIN[0]), ('0', 'a'));
    }

    #[test]
    fn a_text_has_the_scripts_of_its_words() {
        let first = |text: &str| {
            scripts_in(text)
                .iter()
                .map(|script| script.letters[0])
                .collect::<String>()
        };
        assert_eq!(first("Sales 42, Москва"), "a0а");
        assert_eq!(first("営業部"), "一");
        assert_eq!(first("🚀 Launch"), "🌀a");
        assert_eq!(first("---"), "!");
        assert_eq!(first(""), "a");
    }
}
