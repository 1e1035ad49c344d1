<?php

declare(strict_types=1);

namespace Filament\Forms\Components;

use Closure;
use Filament\Schemas\Components\Component;
use Illuminate\Contracts\Support\Arrayable;
use Illuminate\Contracts\Support\Htmlable;

class Field extends Component
{
    public array $set = [];
    public mixed $state = null;

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

    public function visible(bool|Closure $condition = true): static
    {
        return $this->keep('visible', $condition);
    }

    public function disabled(bool|Closure $condition = true): static
    {
        return $this->keep('disabled', $condition);
    }

    public function dehydrated(bool|Closure|null $condition = true): static
    {
        return $this->keep('dehydrated', $condition);
    }

    public function required(bool|Closure $condition = true): static
    {
        return $this->keep('required', $condition);
    }

    public function helperText(string|Htmlable|Closure|null $text): static
    {
        return $this->keep('helperText', $text);
    }

    public function loadStateFromRelationshipsUsing(?Closure $callback): static
    {
        return $this->keep('load', $callback);
    }

    public function saveRelationshipsUsing(?Closure $callback): static
    {
        return $this->keep('save', $callback);
    }

    public function state(mixed $state): static
    {
        $this->state = $state;
        return $this;
    }

    public function got(string $name, array $injected = []): mixed
    {
        return $this->evaluate($this->set[$name] ?? null, $injected + ['state' => $this->state]);
    }

    protected function keep(string $name, mixed $value): static
    {
        $this->set[$name] = $value;
        return $this;
    }
}

class Select extends Field
{
    public function multiple(bool|Closure $condition = true): static
    {
        return $this->keep('multiple', $condition);
    }

    public function options(array|Arrayable|string|Closure|null $options): static
    {
        return $this->keep('options', $options);
    }
}

class TextInput extends Field
{
    public function maxLength(int|Closure|null $length): static
    {
        return $this->keep('maxLength', $length);
    }

    public function numeric(bool|Closure $condition = true): static
    {
        return $this->keep('numeric', $condition);
    }

    public function minValue($value): static
    {
        return $this->keep('minValue', $value);
    }

    public function maxValue($value): static
    {
        return $this->keep('maxValue', $value);
    }

    public function regex(string|Closure|null $pattern): static
    {
        return $this->keep('regex', $pattern);
    }
}
