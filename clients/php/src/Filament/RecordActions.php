<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Cognate\Filament\Data\Access;
use Cognate\Filament\Data\Master;
use Cognate\Filament\Data\Words;
use Cognate\Laravel\Capture;
use Cognate\Laravel\Definitions;
use Filament\Actions\Action;
use Filament\Notifications\Notification;
use Illuminate\Container\Container;
use Illuminate\Database\Eloquent\Model;

/** Actions for the application's own resources: in `recordActions()` of a table, or among the header actions of a page. */
final class RecordActions
{
    private function __construct()
    {
    }

    /** Captures the record as it is, so that every target gets it. */
    public static function syncNow(): Action
    {
        return Action::make('cognateSyncNow')
            ->label(static fn (): string => Words::of('actions.sync_now'))
            ->icon('heroicon-o-arrow-path')
            ->visible(static fn (?Model $record): bool => $record !== null && self::part(Definitions::class)->of($record) !== null
                && self::part(Access::class)->mayManage())
            ->action(static function (Model $record): void {
                self::part(Access::class)->requireManage();
                self::part(Capture::class)->publish($record);
                Notification::make()->title(Words::of('done.captured'))->success()->send();
            });
    }

    /** Opens the edit page of the same record on the master. Where that is is asked with the click. */
    public static function openOnMaster(): Action
    {
        return Action::make('cognateOpenOnMaster')
            ->label(static fn (): string => Words::of('actions.open_on_master'))
            ->icon('heroicon-o-arrow-top-right-on-square')
            ->visible(static fn (?Model $record): bool => $record !== null && self::part(Master::class)->url() !== null
                && self::part(Definitions::class)->of($record) !== null)
            ->action(static function (Model $record, mixed $livewire): void {
                $url = self::part(Master::class)->editUrl($record);
                if ($url === null) {
                    Notification::make()->title(Words::of('master.unknown_record'))->warning()->send();
                    return;
                }
                $livewire->redirect($url);
            });
    }

    /**
     * @template T of object
     * @param class-string<T> $class
     * @return T
     */
    private static function part(string $class): object
    {
        return Container::getInstance()->make($class);
    }
}
