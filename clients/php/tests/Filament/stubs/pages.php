<?php

declare(strict_types=1);

namespace Filament\Schemas\Components;

use Closure;

class Component
{
    use \Filament\Support\EvaluatesClosures;
}

class Livewire extends Component
{
}

class EmbeddedTable extends Component
{
    public static function make(string|Closure|null $livewireComponent = null, array|Closure $livewireComponentData = []): static|Livewire
    {
        return new static();
    }
}

namespace Filament\Schemas;

use Closure;

class Schema
{
    public array $components = [];

    public function components(array|Schema|Components\Component|Closure $components): static
    {
        $this->components = $components;
        return $this;
    }
}

namespace Filament\Pages;

use BackedEnum;
use Filament\Schemas\Schema;
use Illuminate\Contracts\Support\Htmlable;
use Livewire\Component;
use UnitEnum;

abstract class BasePage extends Component
{
    public function getTitle(): string|Htmlable
    {
        return '';
    }
}

abstract class Page extends BasePage
{
    protected static ?string $slug = null;
    protected static ?int $navigationSort = null;
    protected static string|BackedEnum|null $navigationIcon = null;
    protected static string|UnitEnum|null $navigationGroup = null;
    protected string $view = 'filament-panels::pages.page';

    public static function canAccess(): bool
    {
        return true;
    }

    public static function getNavigationLabel(): string
    {
        return '';
    }

    public static function getNavigationGroup(): string|UnitEnum|null
    {
        return static::$navigationGroup;
    }

    public static function getNavigationIcon(): string|BackedEnum|Htmlable|null
    {
        return static::$navigationIcon;
    }

    public static function slug(): ?string
    {
        return static::$slug;
    }

    public function content(Schema $schema): Schema
    {
        return $schema;
    }
}

namespace Filament\Resources\Pages;

use Filament\Pages\Page;
use Illuminate\Database\Eloquent\Model;

abstract class EditRecord extends Page
{
    public Model|int|string|null $record = null;

    public static ?Model $found = null;

    public function mount(int|string $record): void
    {
        $this->record = self::$found;
    }

    public function getRecord(): Model
    {
        return $this->record;
    }
}

namespace Filament\Widgets;

use Illuminate\Contracts\Support\Htmlable;
use Livewire\Component;

abstract class Widget extends Component
{
    public static function canView(): bool
    {
        return true;
    }
}

class StatsOverviewWidget extends Widget
{
    protected ?string $pollingInterval = '5s';

    protected function getStats(): array
    {
        return [];
    }

    public function stats(): array
    {
        return $this->getStats();
    }
}

abstract class ChartWidget extends Widget
{
    public ?string $filter = null;
    protected ?string $pollingInterval = '5s';

    abstract protected function getType(): string;

    protected function getData(): array
    {
        return [];
    }

    protected function getFilters(): ?array
    {
        return null;
    }

    public function getHeading(): string|Htmlable|null
    {
        return null;
    }

    public function rendered(): array
    {
        return [$this->getType(), $this->getFilters(), $this->getData()];
    }
}

namespace Filament\Widgets\StatsOverviewWidget;

use Closure;
use Filament\Schemas\Components\Component;
use Illuminate\Contracts\Support\Htmlable;

class Stat extends Component
{
    public string $description = '';
    public string $color = '';

    final public function __construct(public readonly string|Htmlable $label, public readonly mixed $value)
    {
    }

    public static function make(string|Htmlable $label, $value): static
    {
        return new static($label, $value);
    }

    public function description(string|Htmlable|Closure|null $description): static
    {
        $this->description = (string) $description;
        return $this;
    }

    public function color(string|array|Closure|null $color): static
    {
        $this->color = $color;
        return $this;
    }
}
