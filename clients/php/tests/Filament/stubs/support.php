<?php

// Stands for the parts of Filament 4 and 5, and of Livewire, that src/Filament uses: the same names, parameters and types, and as much
// behaviour as lets tests call what was handed over. A method that is not here does not exist for the tests.

declare(strict_types=1);

namespace Filament\Support;

use Closure;
use ReflectionFunction;
use ReflectionNamedType;

/** As Filament does it: parameters of closures are found by their names, then by their types; one that is not found is an error. */
trait EvaluatesClosures
{
    /** @var array<string, mixed> */
    public array $injected = [];

    public function evaluate(mixed $value, array $named = []): mixed
    {
        if (!$value instanceof Closure) {
            return $value;
        }
        $named += $this->injected;
        $arguments = [];
        foreach ((new ReflectionFunction($value))->getParameters() as $parameter) {
            if (array_key_exists($parameter->getName(), $named)) {
                $arguments[] = $named[$parameter->getName()];
                continue;
            }
            $type = $parameter->getType();
            if ($type instanceof ReflectionNamedType && $type->getName() === static::class) {
                $arguments[] = $this;
                continue;
            }
            if ($parameter->getName() === 'component') {
                $arguments[] = $this;
                continue;
            }
            throw new \LogicException('nothing is injected as $' . $parameter->getName() . ' into a closure of ' . static::class);
        }
        return $value(...$arguments);
    }
}

namespace Livewire;

abstract class Component
{
    public ?string $redirectedTo = null;

    public function redirect($url, $navigate = false): void
    {
        $this->redirectedTo = $url;
    }
}

namespace Filament;

class Panel
{
    /** @var list<class-string> */
    public array $pages = [];
    /** @var list<class-string> */
    public array $widgets = [];

    public function pages(array $pages): static
    {
        $this->pages = [...$this->pages, ...$pages];
        return $this;
    }

    public function widgets(array $widgets): static
    {
        $this->widgets = [...$this->widgets, ...$widgets];
        return $this;
    }

    public function plugin(Contracts\Plugin $plugin): static
    {
        $plugin->register($this);
        return $this;
    }
}

namespace Filament\Contracts;

use Filament\Panel;

interface Plugin
{
    public function getId(): string;

    public function register(Panel $panel): void;

    public function boot(Panel $panel): void;
}

namespace Filament\Notifications;

use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Support\Htmlable;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Support\Collection;

class Notification
{
    /** @var list<self> those that were sent to the session */
    public static array $sent = [];
    /** @var list<array{self, list<Model|Authenticatable>}> */
    public static array $stored = [];
    public string $title = '';
    public string $body = '';
    public string $status = '';

    final public function __construct(public readonly string $id)
    {
    }

    public static function make(?string $id = null): static
    {
        return new static($id ?? bin2hex(random_bytes(8)));
    }

    public function title(string|Htmlable|\Closure|null $title): static
    {
        $this->title = (string) $title;
        return $this;
    }

    public function body(string|Htmlable|\Closure|null $body): static
    {
        $this->body = (string) $body;
        return $this;
    }

    public function success(): static
    {
        $this->status = 'success';
        return $this;
    }

    public function warning(): static
    {
        $this->status = 'warning';
        return $this;
    }

    public function danger(): static
    {
        $this->status = 'danger';
        return $this;
    }

    public function send(): static
    {
        self::$sent[] = $this;
        return $this;
    }

    public function sendToDatabase(Model|Authenticatable|Collection|array $users, bool $isEventDispatched = false): static
    {
        self::$stored[] = [$this, is_array($users) ? $users : [$users]];
        return $this;
    }
}
