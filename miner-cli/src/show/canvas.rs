//! Curves drawn with characters: eight dots to a character in Unicode braille, one in ASCII.

/// Dots across and down in one braille character.
const BRAILLE: (usize, usize) = (2, 4);

/// The braille pattern without dots; dots are bits (Unicode 15, block "Braille Patterns").
const BLANK: u32 = 0x2800;

/// Bit of the dot at `[row][column]` of a braille character.
const DOT_BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A rectangle of dots.
pub struct Canvas {
    dots: Vec<bool>,
    columns: usize,
    rows: usize,
    cell: (usize, usize),
}

impl Canvas {
    /// `width` by `height` characters.
    pub fn new(width: usize, height: usize, unicode: bool) -> Self {
        let cell = if unicode { BRAILLE } else { (1, 1) };
        let (columns, rows) = (width * cell.0, height * cell.1);
        Canvas {
            dots: vec![false; columns * rows],
            columns,
            rows,
            cell,
        }
    }

    /// The dot nearest to `(x, y)`, both from 0 to 1, from the lower left corner.
    fn nearest(&self, x: f64, y: f64) -> (usize, usize) {
        let place = |at: f64, count: usize| {
            let last = count.saturating_sub(1);
            // A float to integer cast saturates, and takes NaN for 0.
            ((at.clamp(0.0, 1.0) * last as f64).round() as usize).min(last)
        };
        (place(x, self.columns), place(1.0 - y, self.rows))
    }

    /// A line between two points, each from 0 to 1, from the lower left corner.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (start, end) = (self.nearest(from.0, from.1), self.nearest(to.0, to.1));
        let steps = start.0.abs_diff(end.0).max(start.1.abs_diff(end.1)).max(1);
        for step in 0..=steps {
            let between = |a: usize, b: usize| {
                (a as f64 + (b as f64 - a as f64) * step as f64 / steps as f64).round() as usize
            };
            self.set(between(start.0, end.0), between(start.1, end.1));
        }
    }

    /// A dotted upright line at `x`.
    pub fn mark(&mut self, x: f64) {
        let (column, _) = self.nearest(x, 0.0);
        for row in (0..self.rows).step_by(self.cell.1.max(2)) {
            self.set(column, row);
        }
    }

    fn set(&mut self, column: usize, row: usize) {
        if let Some(dot) = self.dots.get_mut(row * self.columns + column) {
            *dot = true;
        }
    }

    /// The lines of text, top first.
    pub fn lines(&self) -> Vec<String> {
        let is_set = |column: usize, row: usize| self.dots[row * self.columns + column];
        let character = |column: usize, row: usize| {
            if self.cell == (1, 1) {
                return if is_set(column, row) { '*' } else { ' ' };
            }
            let mut pattern = BLANK;
            for (y, bits) in DOT_BITS.iter().enumerate() {
                for (x, bit) in bits.iter().enumerate() {
                    if is_set(column + x, row + y) {
                        pattern |= bit;
                    }
                }
            }
            char::from_u32(pattern).unwrap_or(' ')
        };
        (0..self.rows)
            .step_by(self.cell.1)
            .map(|row| {
                (0..self.columns)
                    .step_by(self.cell.0)
                    .map(|column| character(column, row))
                    .collect()
            })
            .collect()
    }
}

/// A bar for each value, in one line: eighths of a block in Unicode, ten digits in ASCII. Nothing
/// where there is nothing, and at least the smallest bar where there is something.
pub fn sparkline(values: impl IntoIterator<Item = u64>, unicode: bool) -> String {
    let values: Vec<u64> = values.into_iter().collect();
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let bars: &[char] = match unicode {
        true => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        false => &['1', '2', '3', '4', '5', '6', '7', '8', '9'],
    };
    let bar = |value: u64| match value {
        0 => {
            if unicode {
                ' '
            } else {
                '.'
            }
        }
        // At most `bars.len()`, because value ≤ most.
        _ => bars[(u128::from(value) * bars.len() as u128).div_ceil(most.into()) as usize - 1],
    };
    values.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagonal_in_both_character_sets() {
        let mut ascii = Canvas::new(3, 3, false);
        ascii.line((0.0, 0.0), (1.0, 1.0));
        assert_eq!(ascii.lines(), ["  *", " * ", "*  "]);
        let mut braille = Canvas::new(2, 1, true);
        braille.line((0.0, 0.0), (1.0, 1.0));
        assert_eq!(braille.lines(), ["⡠⠊"]);
    }

    #[test]
    fn points_outside_land_on_the_edge() {
        let mut canvas = Canvas::new(2, 2, false);
        canvas.line((-5.0, f64::NAN), (7.0, 9.0));
        canvas.mark(3.0);
        assert_eq!(canvas.lines().len(), 2);
    }

    #[test]
    fn bars() {
        assert_eq!(sparkline([0, 1, 50, 100], true), " ▁▄█");
        assert_eq!(sparkline([0, 1, 50, 100], false), ".159");
        assert_eq!(sparkline([0, 0], true), "  ");
        assert_eq!(sparkline([u64::MAX], true), "█");
    }
}
