-- What an operator says to the resident with a case's new state travels with the message about it.

alter table inbox add column words text not null default '';
