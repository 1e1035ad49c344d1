<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Filament\Data\Access;
use Cognate\Filament\Data\Rows;
use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\Words;
use Cognate\Laravel\ErrorReport;
use Filament\Notifications\Notification;
use Filament\Pages\Page;
use Filament\Schemas\Components\EmbeddedTable;
use Filament\Schemas\Schema;
use Filament\Tables\Concerns\InteractsWithTable;
use Filament\Tables\Contracts\HasTable;
use Filament\Tables\Table;
use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Container\Container;
use Illuminate\Pagination\LengthAwarePaginator;

/** A page with one table whose rows come from the hub. A hub that does not answer empties the table, and says so in it. */
abstract class HubPage extends Page implements HasTable
{
    use InteractsWithTable;

    /** What the texts of the page begin with. */
    protected const WORDS = '';
    protected const ICON = '';

    private string $obstacle = '';

    abstract public function table(Table $table): Table;

    abstract protected function rows(TableQuery $query): LengthAwarePaginator;

    public static function canAccess(): bool
    {
        return self::part(Access::class)->mayView();
    }

    public static function getNavigationLabel(): string
    {
        return Words::of(static::WORDS . '.title');
    }

    public static function getNavigationGroup(): ?string
    {
        return Words::of('group');
    }

    public static function getNavigationIcon(): string
    {
        return static::ICON;
    }

    public function getTitle(): string
    {
        return Words::of(static::WORDS . '.title');
    }

    public function content(Schema $schema): Schema
    {
        return $schema->components([EmbeddedTable::make()]);
    }

    /** What the tables of all pages have in common. */
    protected function hubTable(Table $table): Table
    {
        return $table
            ->records(fn (int|string|null $page, int|string|null $recordsPerPage, ?string $search, ?string $sortColumn, ?string $sortDirection, ?array $filters): LengthAwarePaginator
                => $this->answer(TableQuery::of($page, $recordsPerPage, $search, $sortColumn, $sortDirection, $filters)))
            ->paginated([25, 50, 100])
            ->poll('15s')
            ->emptyStateHeading(fn (): string => Words::of($this->obstacle === '' ? static::WORDS . '.none' : 'unreachable'))
            ->emptyStateDescription(fn (): string => $this->obstacle);
    }

    /** Does something at the hub, and tells whoever has asked for it how it went. */
    protected function attempt(Closure $act): void
    {
        try {
            $said = $act();
            Notification::make()->title((string) $said)->success()->send();
        } catch (CognateException | AuthorizationException | \InvalidArgumentException $error) {
            Notification::make()->title(Words::of('failed'))->body(ErrorReport::words($error))->danger()->send();
        }
    }

    /** A text for a window, or why there is none. */
    protected static function text(Closure $text): string
    {
        try {
            return (string) $text();
        } catch (CognateException $error) {
            return ErrorReport::words($error);
        }
    }

    protected static function mayManage(): bool
    {
        return self::part(Access::class)->mayManage();
    }

    /**
     * @template T of object
     * @param class-string<T> $class
     * @return T
     */
    protected static function part(string $class): object
    {
        return Container::getInstance()->make($class);
    }

    /** @return array<string, string> words of the hub with their translations */
    protected static function states(string ...$words): array
    {
        return array_combine($words, array_map([Words::class, 'state'], $words));
    }

    private function answer(TableQuery $query): LengthAwarePaginator
    {
        $this->obstacle = '';
        try {
            return $this->rows($query);
        } catch (CognateException $error) {
            $this->obstacle = ErrorReport::words($error);
            return Rows::cut([], 0, $query);
        }
    }
}
