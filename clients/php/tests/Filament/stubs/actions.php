<?php

declare(strict_types=1);

namespace Filament\Actions;

use BackedEnum;
use Closure;
use Illuminate\Contracts\Support\Htmlable;

class ActionGroup
{
}

class Action
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

    public function icon(string|BackedEnum|Htmlable|Closure|null $icon): static
    {
        return $this->keep('icon', $icon);
    }

    public function color(string|array|Closure|null $color): static
    {
        return $this->keep('color', $color);
    }

    public function visible(bool|Closure $condition = true): static
    {
        return $this->keep('visible', $condition);
    }

    public function requiresConfirmation(bool|Closure $condition = true): static
    {
        return $this->keep('requiresConfirmation', $condition);
    }

    public function modalHeading(string|Htmlable|Closure|null $heading = null): static
    {
        return $this->keep('modalHeading', $heading);
    }

    public function modalDescription(string|Htmlable|Closure|null $description = null): static
    {
        return $this->keep('modalDescription', $description);
    }

    public function modalSubmitAction(bool|Action|Closure|null $action = null): static
    {
        return $this->keep('modalSubmitAction', $action);
    }

    public function schema(array|Closure|null $schema): static
    {
        return $this->keep('schema', $schema);
    }

    public function fillForm(array|Closure|null $data): static
    {
        return $this->keep('fillForm', $data);
    }

    public function url(string|Closure|null $url, bool|Closure $shouldOpenInNewTab = false): static
    {
        return $this->keep('url', $url);
    }

    public function action(Closure|string|null $action): static
    {
        return $this->keep('action', $action);
    }

    private function keep(string $name, mixed $value): static
    {
        $this->set[$name] = $value;
        return $this;
    }

    // What a panel does with it.

    public function isVisible(array $injected = []): bool
    {
        return (bool) $this->evaluate($this->set['visible'] ?? true, $injected);
    }

    /** Everything that a panel shows before somebody confirms. */
    public function opened(array $injected = []): array
    {
        return array_map(fn (mixed $value): mixed => $this->evaluate($value, $injected), array_diff_key($this->set, ['action' => 0]));
    }

    public function call(array $injected = []): mixed
    {
        return $this->evaluate($this->set['action'], $injected);
    }
}
