<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** What is missing, twice there, or not the same, of what writers say they have made. */
final class Account
{
    public int $lost = 0;
    public int $doubled = 0;
    public int $differing = 0;

    /** @param list<array<string, list<string>>> $made */
    public function __construct(Pair $pair, array $made)
    {
        $contents = [$pair->shop->content(), $pair->blog->content()];
        foreach ($contents as $content) {
            foreach (['users', 'posts', 'tags', 'sessions', 'devices'] as $table) {
                $names = array_map(static fn (array $row): string => (string) $row[0], $content[$table]);
                $wanted = array_merge(...array_map(static fn (array $of): array => $of[$table], $made));
                $this->lost += count(array_diff($wanted, $names));
                $this->doubled += count($names) - count(array_unique($names));
            }
            $this->lost += count(array_filter($content['users'], static fn (array $row): bool => str_starts_with((string) $row[0], 'rolled-back')));
        }
        foreach ($contents[0] as $table => $rows) {
            $this->differing += count(array_diff(array_map('json_encode', $rows), array_map('json_encode', $contents[1][$table])));
            $this->differing += count(array_diff(array_map('json_encode', $contents[1][$table]), array_map('json_encode', $rows)));
        }
    }
}
