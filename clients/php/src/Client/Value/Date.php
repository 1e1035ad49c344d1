<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

use Cognate\Client\Exception\InvalidValue;

/** A day of the calendar, without a time and without a zone: `2026-02-28`. Years 1 to 9999. */
final class Date implements \JsonSerializable, \Stringable
{
    public readonly string $text;

    public function __construct(string $text)
    {
        $isDay = preg_match('/^([0-9]{4})-([0-9]{2})-([0-9]{2})$/D', $text, $part) === 1
            && checkdate((int) $part[2], (int) $part[3], (int) $part[1]);
        if (!$isDay) {
            throw new InvalidValue('Date: got "' . Shown::text($text) . '", want a day that exists, such as 2026-02-28');
        }
        $this->text = $text;
    }

    /** The day that a time has in its own zone. */
    public static function of(\DateTimeInterface $time): self
    {
        return new self($time->format('Y-m-d'));
    }

    /** Its midnight, UTC unless another zone is given. */
    public function midnight(\DateTimeZone $zone = new \DateTimeZone('UTC')): \DateTimeImmutable
    {
        return new \DateTimeImmutable($this->text . ' 00:00:00', $zone);
    }

    public function __toString(): string
    {
        return $this->text;
    }

    public function jsonSerialize(): string
    {
        return $this->text;
    }
}
