"""What was found, told once however many variants of a page have it."""

MOST_PER_CHECK = 8


class Enough(Exception):
    """What was looked for has been found."""


class Findings:
    def __init__(self, wanted=None):
        """It ends by `Enough` as soon as a message has `wanted` in it."""
        self._variants, self._wanted = {}, wanted

    def add(self, page, variant, check, message):
        variants = self._variants.setdefault((page, check, message), [])
        if variant not in variants:
            variants.append(variant)
        if self._wanted and self._wanted in message:
            raise Enough

    def __len__(self):
        return len(self._variants)

    def lines(self):
        shown = {}
        for (page, check, message), variants in self._variants.items():
            shown.setdefault((page, check), []).append(f"{page}: {check}: {message} [{', '.join(filter(None, variants)) or 'all'}]")
        for (page, check), lines in shown.items():
            yield from lines[:MOST_PER_CHECK]
            if len(lines) > MOST_PER_CHECK:
                yield f"{page}: {check}: and {len(lines) - MOST_PER_CHECK} more of this kind"
