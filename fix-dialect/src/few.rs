//! A list that is nearly always short.

/// A list that takes no memory of its own until it has more than `N` elements.
pub(crate) struct Few<T, const N: usize> {
    first: [T; N],
    count: usize,
    /// All of them, once they are more.
    all: Vec<T>,
}

impl<T: Copy, const N: usize> Few<T, N> {
    /// An empty list, in the places of which this stands until they are used.
    pub(crate) const fn new(filler: T) -> Few<T, N> {
        Few {
            first: [filler; N],
            count: 0,
            all: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, element: T) {
        if let Some(place) = self.first.get_mut(self.count) {
            *place = element;
        } else {
            self.push_more(element);
        }
        self.count += 1;
    }

    #[cold]
    fn push_more(&mut self, element: T) {
        if self.count == N {
            self.all.clear();
            self.all.extend_from_slice(&self.first);
        }
        self.all.push(element);
    }

    #[inline]
    pub(crate) fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.all.truncate(self.count);
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        if self.count <= N {
            &self.first[..self.count]
        } else {
            &self.all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are pushed, and -1 where the last is popped.
    fn check(steps: &[i32], expected: &[i32]) {
        let mut few = Few::<i32, 2>::new(0);
        for &step in steps {
            if step < 0 {
                few.pop();
            } else {
                few.push(step);
            }
        }
        assert_eq!(few.as_slice(), expected, "{steps:?}");
    }

    #[test]
    fn a_list_of_any_length() {
        check(&[], &[]);
        check(&[-1, 1], &[1]);
        check(&[1, 2], &[1, 2]);
        check(&[1, 2, 3, 4], &[1, 2, 3, 4]);
        check(&[1, 2, 3, 4, -1], &[1, 2, 3]);
        check(&[1, 2, 3, -1], &[1, 2]);
        check(&[1, 2, 3, -1, -1, 5], &[1, 5]);
        check(&[1, 2, 3, -1, -1, 5, 6, 7], &[1, 5, 6, 7]);
    }
}
