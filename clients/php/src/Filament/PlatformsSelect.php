<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Cognate\Filament\Data\PlatformSelection;
use Cognate\Filament\Data\Words;
use Filament\Forms\Components\Select;
use Filament\Notifications\Notification;
use Illuminate\Container\Container;
use Illuminate\Database\Eloquent\Model;

/** The platforms of a record in its form. Nothing of it is a column: it is read from the hub, and written there after the record is saved. */
final class PlatformsSelect
{
    private function __construct()
    {
    }

    public static function make(string $name = 'platforms'): Select
    {
        $selection = static fn (): PlatformSelection => Container::getInstance()->make(PlatformSelection::class);
        return Select::make($name)
            ->label(static fn (): string => Words::of('select.label'))
            ->multiple()
            ->options(static fn (): array => $selection()->options())
            ->visible(static fn (?Model $record, ?string $model): bool => $selection()->isVisible($record ?? $model))
            ->disabled(static fn (): bool => !$selection()->isEditable())
            ->helperText(static fn (mixed $state): string => Words::of(
                is_array($state) && in_array(PlatformSelection::UNKNOWN, $state, true) ? 'select.was_unknown' : 'select.help'
            ))
            ->dehydrated(false)
            ->loadStateFromRelationshipsUsing(static function (Select $component, ?Model $record) use ($selection): void {
                if ($record !== null && $selection()->isVisible($record)) {
                    $component->state($selection()->selected($record));
                }
            })
            ->saveRelationshipsUsing(static function (Model $record, mixed $state) use ($selection): void {
                $obstacle = $selection()->save($record, array_values((array) ($state ?? [])), self::author());
                if ($obstacle !== '') {
                    Notification::make()->title($obstacle)->danger()->send();
                }
            });
    }

    /** For the history of the record's assignments. */
    private static function author(): string
    {
        $container = Container::getInstance();
        $user = $container->bound('auth') ? $container->make('auth')->user() : null;
        return $user === null ? '' : (string) ($user->email ?? $user->getAuthIdentifier());
    }
}
