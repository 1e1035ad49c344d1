<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

/** What a table asks for: a page of its rows, searched, sorted and filtered. */
final class TableQuery
{
    public const MAX_PER_PAGE = 1000;

    /** @param array<string, string> $filters by name, without those that are not set */
    public function __construct(
        public readonly int $page = 1,
        public readonly int $perPage = 25,
        public readonly string $search = '',
        public readonly string $sortColumn = '',
        public readonly bool $descending = false,
        public readonly array $filters = [],
    ) {
    }

    /**
     * As Filament says it: the page may be a text, `all` stands for as many rows as there are, a filter's state is an array with `value`.
     *
     * @param array<string, mixed>|null $filters
     */
    public static function of(
        int|string|null $page = 1,
        int|string|null $recordsPerPage = 25,
        ?string $search = null,
        ?string $sortColumn = null,
        ?string $sortDirection = null,
        ?array $filters = null,
    ): self {
        $set = [];
        foreach ($filters ?? [] as $name => $state) {
            $value = is_array($state) ? ($state['value'] ?? null) : $state;
            if (is_scalar($value) && (string) $value !== '') {
                $set[(string) $name] = (string) $value;
            }
        }
        $perPage = is_numeric($recordsPerPage) ? (int) $recordsPerPage : self::MAX_PER_PAGE;
        return new self(
            max(1, (int) ($page ?? 1)),
            max(1, min(self::MAX_PER_PAGE, $perPage)),
            trim((string) $search),
            (string) $sortColumn,
            $sortDirection === 'desc',
            $set,
        );
    }

    public function filter(string $name): string
    {
        return $this->filters[$name] ?? '';
    }

    public function offset(): int
    {
        return ($this->page - 1) * $this->perPage;
    }

    /** Whether it wants rows as they come, so that no others need to be looked at. */
    public function isPlain(): bool
    {
        return $this->search === '' && $this->sortColumn === '';
    }
}
