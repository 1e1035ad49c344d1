<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Kinds\Field;
use Cognate\WordPress\Kinds\Kind;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Facts;
use Cognate\WordPress\Store\Inbox;
use Cognate\WordPress\Store\Outbox;

/**
 * Compares all records with what was last sent or delivered, and marks what differs: writes that went past WordPress' hooks, and all there was
 * before. It goes on where it stopped: a turn of cron is too short for a large site.
 */
final class Comparison
{
    private const FACT = 'comparison';
    private const PAGE = 100;

    public function __construct(
        private readonly Kinds $kinds,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Facts $facts,
        private readonly Caches $caches,
    ) {
    }

    public function begin(): void
    {
        $this->keep(0, false, '');
    }

    public function isUnderWay(): bool
    {
        return $this->facts->get(self::FACT) !== null;
    }

    /** @return int how many records were marked */
    public function work(float $seconds): int
    {
        $until = microtime(true) + $seconds;
        $marked = 0;
        while ($this->isUnderWay() && microtime(true) < $until) {
            $marked += $this->page();
        }
        return $marked;
    }

    private function page(): int
    {
        [$place, $seeksGone, $after] = (array) json_decode((string) $this->facts->get(self::FACT), true) + [0, false, ''];
        $kind = array_values($this->kinds->all())[$place] ?? null;
        if ($kind === null) {
            $this->facts->set(self::FACT, null);
            return 0;
        }
        $this->caches->forget();
        [$marked, $next] = $seeksGone ? $this->gone($kind, (int) $after) : $this->living($kind, (string) $after);
        if ($next !== null) {
            $this->keep($place, $seeksGone, $next);
        } else {
            $seeksGone ? $this->keep($place + 1, false, '') : $this->keep($place, true, '');
        }
        return $marked;
    }

    /** @return array{int, string|null} how many were marked, and where to go on */
    private function living(Kind $kind, string $after): array
    {
        $marked = 0;
        $page = $kind->page($after, self::PAGE);
        foreach ($page as $localId) {
            $values = $kind->read($localId);
            $known = $this->inbox->ofRecord($kind->name(), $localId);
            $isSame = $known !== null && !$known->isDeleted && $known->isAsBefore(array_map(Field::fingerprint(...), $values ?? []));
            if ($values !== null && !$isSame) {
                $this->outbox->mark($kind->name(), $localId);
                $marked++;
            }
        }
        return [$marked, $page === [] ? null : (string) end($page)];
    }

    /** @return array{int, string|null} */
    private function gone(Kind $kind, int $after): array
    {
        $marked = 0;
        $rows = $this->inbox->living($kind->name(), $after, self::PAGE);
        foreach ($rows as $row) {
            if ($kind->read($row->localId) === null) {
                $this->outbox->mark($kind->name(), $row->localId);
                $marked++;
            }
        }
        return [$marked, $rows === [] ? null : (string) end($rows)->id];
    }

    private function keep(int $place, bool $seeksGone, string $after): void
    {
        $this->facts->set(self::FACT, json_encode([$place, $seeksGone, $after], JSON_THROW_ON_ERROR));
    }
}
