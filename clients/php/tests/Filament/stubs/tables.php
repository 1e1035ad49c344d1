<?php

declare(strict_types=1);

namespace Filament\Tables\Contracts;

interface HasTable
{
}

namespace Filament\Tables\Concerns;

trait InteractsWithTable
{
}

namespace Filament\Tables\Columns;

use Closure;
use Illuminate\Contracts\Support\Htmlable;

class TextColumn
{
    use \Filament\Support\EvaluatesClosures;

    public array $set = [];

    final public function __construct(public readonly ?string $name)
    {
    }

    public static function make(?string $name = null): static
    {
        return new static($name);
    }

    public function label(string|Htmlable|Closure|null $label): static
    {
        return $this->keep('label', $label);
    }

    public function sortable(bool|array|Closure $condition = true, ?Closure $query = null): static
    {
        return $this->keep('sortable', $condition);
    }

    public function searchable(bool|array|string|Closure $condition = true, ?Closure $query = null, bool $isIndividual = false, bool $isGlobal = true): static
    {
        return $this->keep('searchable', $condition);
    }

    public function wrap(bool|Closure $condition = true): static
    {
        return $this->keep('wrap', $condition);
    }

    public function numeric(int|Closure|null $decimalPlaces = null, string|Closure|null $decimalSeparator = null, string|Closure|null $thousandsSeparator = null): static
    {
        return $this->keep('numeric', true);
    }

    public function since(string|Closure|null $timezone = null): static
    {
        return $this->keep('since', true);
    }

    public function badge(bool|Closure $condition = true): static
    {
        return $this->keep('badge', $condition);
    }

    public function color(string|array|bool|Closure|null $color): static
    {
        return $this->keep('color', $color);
    }

    public function formatStateUsing(?Closure $callback): static
    {
        return $this->keep('format', $callback);
    }

    public function placeholder(string|Htmlable|Closure|null $placeholder): static
    {
        return $this->keep('placeholder', $placeholder);
    }

    public function description(string|Htmlable|Closure|null $description, string|Closure|null $position = 'below'): static
    {
        return $this->keep('description', $description);
    }

    public function tooltip(string|Htmlable|Closure|null $tooltip): static
    {
        return $this->keep('tooltip', $tooltip);
    }

    public function limit(int|Closure|null $length = 100, string|Htmlable|Closure|null $end = '...'): static
    {
        return $this->keep('limit', $length);
    }

    public function toggleable(bool|Closure $condition = true, bool|Closure $isToggledHiddenByDefault = false): static
    {
        return $this->keep('toggleable', $condition);
    }

    private function keep(string $name, mixed $value): static
    {
        $this->set[$name] = $value;
        return $this;
    }

    /** What a cell shows, with everything around it. */
    public function cell(array $record): array
    {
        if (!array_key_exists((string) $this->name, $record)) {
            throw new \LogicException("the rows have no $this->name");
        }
        $state = $record[$this->name];
        $injected = ['state' => $state, 'record' => $record];
        return ['state' => $state] + array_map(fn (mixed $value): mixed => $this->evaluate($value, $injected), $this->set);
    }
}

namespace Filament\Tables\Filters;

use Closure;
use Illuminate\Contracts\Support\Arrayable;
use Illuminate\Contracts\Support\Htmlable;

class SelectFilter
{
    public mixed $options = [];

    final public function __construct(public readonly ?string $name)
    {
    }

    public static function make(?string $name = null): static
    {
        return new static($name);
    }

    public function label(string|Htmlable|Closure|null $label): static
    {
        return $this;
    }

    public function options(array|Arrayable|string|Closure|null $options): static
    {
        $this->options = $options;
        return $this;
    }
}

namespace Filament\Tables;

use Closure;
use Filament\Actions\Action;
use Filament\Actions\ActionGroup;
use Illuminate\Contracts\Support\Htmlable;
use Illuminate\Pagination\LengthAwarePaginator;

class Table
{
    use \Filament\Support\EvaluatesClosures;

    public ?Closure $records = null;
    /** @var list<Columns\TextColumn> */
    public array $columns = [];
    /** @var list<Filters\SelectFilter> */
    public array $filters = [];
    /** @var array<string, Action> */
    public array $actions = [];
    /** @var array<string, Action> */
    public array $headerActions = [];
    public array $set = [];

    public function records(?Closure $dataSource): static
    {
        $this->records = $dataSource;
        return $this;
    }

    public function columns(array $columns): static
    {
        $this->columns = $columns;
        return $this;
    }

    public function filters(array $filters, mixed $layout = null): static
    {
        $this->filters = $filters;
        return $this;
    }

    public function recordActions(array|ActionGroup $actions, mixed $position = null): static
    {
        foreach ($actions as $action) {
            $this->actions[$action->name] = $action;
        }
        return $this;
    }

    public function headerActions(array|ActionGroup $actions, mixed $position = null): static
    {
        foreach ($actions as $action) {
            $this->headerActions[$action->name] = $action;
        }
        return $this;
    }

    public function paginated(bool|array|Closure $condition = true): static
    {
        return $this;
    }

    public function poll(string|Closure|null $interval = '10s'): static
    {
        return $this;
    }

    public function emptyStateHeading(string|Htmlable|Closure|null $heading): static
    {
        $this->set['emptyStateHeading'] = $heading;
        return $this;
    }

    public function emptyStateDescription(string|Htmlable|Closure|null $description): static
    {
        $this->set['emptyStateDescription'] = $description;
        return $this;
    }

    /** What the table shows; the closure is told what Filament tells it. */
    public function shown(array $asked = []): LengthAwarePaginator
    {
        $asked += ['page' => 1, 'recordsPerPage' => 25, 'search' => null, 'sortColumn' => null, 'sortDirection' => null, 'filters' => null, 'columnSearches' => [], 'sort' => [null, null]];
        $records = $this->evaluate($this->records, $asked);
        foreach ($records->items() as $key => $record) {
            if (($record['key'] ?? null) !== (string) $key) {
                throw new \LogicException("the row $key has another key");
            }
            foreach ($this->columns as $column) {
                $column->cell($record);
            }
        }
        return $records;
    }
}
