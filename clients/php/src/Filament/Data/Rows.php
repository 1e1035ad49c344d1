<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Google\Protobuf\Timestamp;
use Illuminate\Pagination\LengthAwarePaginator;

/** Turns lists of the hub into pages of a table. Each row has a `key` of its own. */
final class Rows
{
    /** How many rows are looked at for a search or an order that the hub does not have itself. */
    public const MAX_LOOKED_AT = 5000;

    private function __construct()
    {
    }

    /**
     * Searches, sorts and cuts rows that are all here.
     *
     * @param list<array<string, mixed>> $rows
     * @param list<string> $searched columns
     */
    public static function page(array $rows, TableQuery $query, array $searched): LengthAwarePaginator
    {
        if ($query->search !== '') {
            $rows = array_values(array_filter($rows, static function (array $row) use ($query, $searched): bool {
                foreach ($searched as $column) {
                    if (mb_stripos((string) ($row[$column] ?? ''), $query->search) !== false) {
                        return true;
                    }
                }
                return false;
            }));
        }
        if ($query->sortColumn !== '') {
            usort($rows, static function (array $a, array $b) use ($query): int {
                $order = self::compare($a[$query->sortColumn] ?? null, $b[$query->sortColumn] ?? null);
                return $query->descending ? -$order : $order;
            });
        }
        return self::cut(array_slice($rows, $query->offset(), $query->perPage), count($rows), $query);
    }

    /**
     * A page whose rows are cut out already.
     *
     * @param list<array<string, mixed>> $rows
     */
    public static function cut(array $rows, int $total, TableQuery $query): LengthAwarePaginator
    {
        $keyed = [];
        foreach ($rows as $row) {
            $keyed[(string) $row['key']] = $row;
        }
        return new LengthAwarePaginator($keyed, $total, $query->perPage, $query->page);
    }

    /**
     * Follows page tokens.
     *
     * @template T
     * @param \Closure(string): array{iterable<T>, string} $next one page by its token, and the token of the next
     * @return list<T>
     */
    public static function all(\Closure $next, int $max = self::MAX_LOOKED_AT): array
    {
        $all = [];
        $token = '';
        do {
            [$some, $token] = $next($token);
            foreach ($some as $one) {
                $all[] = $one;
            }
        } while ($token !== '' && count($all) < $max);
        return array_slice($all, 0, $max);
    }

    /** As tables take it; null where it is not set. */
    public static function time(?Timestamp $time): ?string
    {
        return $time === null || ((int) $time->getSeconds() === 0 && $time->getNanos() === 0) ? null : gmdate('Y-m-d\TH:i:s\Z', (int) $time->getSeconds());
    }

    /** `REPLICA_STATE_DEAD` without its prefix, in small letters. */
    public static function word(string $name, string $prefix): string
    {
        return strtolower(str_starts_with($name, $prefix) ? substr($name, strlen($prefix)) : $name);
    }

    private static function compare(mixed $a, mixed $b): int
    {
        return is_numeric($a) && is_numeric($b) ? $a <=> $b : strnatcasecmp((string) $a, (string) $b);
    }
}
