<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Illuminate\Container\Container;

/** The texts of the screens, in the application's language. */
final class Words
{
    private function __construct()
    {
    }

    /** @param array<string, string|int|float> $values */
    public static function of(string $key, array $values = []): string
    {
        $text = Container::getInstance()->make('translator')->get("cognate::filament.$key", $values);
        return is_string($text) ? $text : $key;
    }

    /** A word of the hub, such as a state; as it is where there is no translation. */
    public static function state(string $word): string
    {
        $text = self::of("states.$word");
        return str_ends_with($text, "states.$word") ? $word : $text;
    }
}
